const CANNOT =
  "(?:can(?:no|')?t|can not|cannot|could(?: not|n't)|won't|will not|(?:am|'m) (?:not able|unable|not allowed|not permitted|not comfortable|not going)(?: to)?|must decline(?: to)?|have to decline(?: to)?|do(?: not|n't) feel comfortable)";
const DOING =
  '(?:help|assist|identify|identifying|determine|provide|providing|answer|recogni[sz]e|comply|analy[sz]e|fulfil|process|make|tell|confirm|name|view|do that|discuss|speculate|engage|verify|estimate|infer|judge|assess|compare|say|give|complete|see (?:the|any|these|those) (?:image|picture|photo)s?)';

const PATTERNS: readonly RegExp[] = [
  new RegExp(`\\b(?:i|we)\\s?${CANNOT}\\b[^.\\n]{0,30}\\b${DOING}\\b`, 'i'),
  /\bi(?:'m| am) (?:really |very |so )?sorry\b[.,!]?\s*$/i,
  /\b(?:sorry|apologi[sz]e)\b[^.\n]{0,100}\b(?:can't|cannot|can not|unable|not able|not comfortable|won't|decline)\b/i,
  /\bas an? (?:ai|artificial intelligence|language model|multimodal|vision)\b[^.\n]{0,120}\b(?:can't|cannot|can not|unable|not able|don't|do not)\b/i,
  /\b(?:against|violates?) (?:my|our|the|openai's|anthropic's|google's) (?:\w+ )?(?:guidelines|policy|policies|terms)\b/i,
  /^(?:unable|not able) to (?:help|assist|comply|answer|identify|determine|provide|analy[sz]e|recogni[sz]e|view|process)\b/i,
  /(?:抱歉|对不起)[^\n]{0,40}(?:无法|不能)/,
];

/** The words by which a reply declines, or claims not to be able to answer; null where it has none. */
export function findRefusal(text: string): string | null {
  for (const pattern of PATTERNS) {
    const match = pattern.exec(text);
    if (match !== null) return match[0].trim().slice(0, 80);
  }
  return null;
}
