/**
 * The root x > 0 of a monotone function, by Newton steps in ln x inside a shrinking bracket. Where a step leaves the
 * bracket, the bracket is halved instead. For the logarithm of a distribution function, which is concave in ln x for the
 * gamma and (as odds) the beta family, the steps close in from one side without overshooting.
 *
 * @param start first guess, above 0
 * @param increasing whether the function rises with x
 * @param evaluate its value and the size of its slope with respect to ln x
 */
export function solveInLog(
  start: number,
  increasing: boolean,
  evaluate: (x: number) => { readonly value: number; readonly slope: number },
): number {
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let x = Math.min(Math.max(start, 1e-307), 1e307);
  for (let step = 0; step < 500; step++) {
    const { value, slope } = evaluate(x);
    if (value === 0) return x;
    if (value < 0 === increasing) low = x;
    else high = x;
    const move = ((increasing ? -1 : 1) * value) / slope;
    let next = Math.abs(move) < 100 ? x * Math.exp(move) : Number.NaN;
    if (!(next > low && next < high)) {
      // An open end of the bracket is approached by a factor that grows with every step.
      if (low === 0) next = x / 4 ** (step + 1);
      else if (high === Number.POSITIVE_INFINITY) next = x * 4 ** (step + 1);
      else next = Math.sqrt(low) * Math.sqrt(high);
      if (!(next > low && next < high)) return x;
    }
    if (Math.abs(next / x - 1) <= 4e-16) return next;
    x = next;
  }
  return x;
}
