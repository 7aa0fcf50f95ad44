import axe, { type RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * How a page is looked at, and the rules of axe there: all, some, or none. Contrast is half of what axe takes, and in the dark nothing but
 * the colours changes; every rule in every look is a slow proof.
 */
export const LOOKS: readonly {
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
  readonly rules: 'all' | 'none' | readonly string[];
}[] = (
  [
    { colorScheme: 'light', width: 390, rules: 'all' },
    { colorScheme: 'light', width: 1280, rules: 'none' },
    { colorScheme: 'dark', width: 390, rules: 'none' },
    { colorScheme: 'dark', width: 1280, rules: ['color-contrast'] },
  ] as const
).map(look => (process.env.BIOLENS_EVERY_RULE === undefined ? look : { ...look, rules: 'all' }));

/** What axe finds, one line each. @param area the part of the page to look at, as a selector */
export async function findViolations(
  page: Page,
  rules: (typeof LOOKS)[number]['rules'] = 'all',
  area = 'html',
): Promise<string[]> {
  if (rules === 'none') return [];
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const options: RunOptions = { resultTypes: ['violations'], ...(rules === 'all' ? {} : { runOnly: [...rules] }) };
  const { violations: found } = await page.evaluate(
    async ([where, how]) => (window as unknown as { axe: typeof axe }).axe.run(where, how),
    [area, options] as const,
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html.slice(0, 160)} ${any[0]?.message ?? ''}`),
  );
}

/**
 * What a person with a keyboard, a screen reader or weak eyes would stumble over on the page as it stands, one line each: names,
 * labels, headings, captions, references, and the contrast of all visible text (WCAG 2.2 AA, 1.4.3).
 */
export function findBarriers(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const say = (rule: string, element: Element): void => {
      found.push(`${rule}: ${element.outerHTML.slice(0, 120)}`);
    };
    const all = (selector: string): Element[] => [...document.querySelectorAll(selector)];
    const nameOf = (element: Element): string =>
      (element.getAttribute('aria-label') ?? element.textContent ?? '').trim();

    for (const image of all('img')) if (!image.getAttribute('alt')) say('image without alt', image);
    for (const drawing of all('[role="img"]'))
      if (!drawing.getAttribute('aria-label')) say('drawing without label', drawing);
    for (const cell of all('th'))
      if (!['col', 'row'].includes(cell.getAttribute('scope') ?? '')) say('th without scope', cell);
    for (const control of all('button, a[href], summary'))
      if (nameOf(control) === '') say('control without name', control);
    for (const input of document.querySelectorAll('input')) {
      if ((input.labels?.length ?? 0) === 0 && !input.getAttribute('aria-label')) say('input without label', input);
    }
    for (const table of document.querySelectorAll('table')) {
      if (!table.caption?.textContent && !table.getAttribute('aria-label')) say('table without caption', table);
    }
    for (const element of all('[tabindex]'))
      if (Number(element.getAttribute('tabindex')) > 0) say('positive tabindex', element);

    const ids = all('[id]').map(element => element.id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`id used twice: ${id}`);
    for (const attribute of ['aria-labelledby', 'aria-describedby', 'for']) {
      for (const element of all(`[${attribute}]`)) {
        const target = element.getAttribute(attribute) ?? '';
        if (document.getElementById(target) === null) say(`${attribute} leads nowhere`, element);
      }
    }
    for (const link of all('a[href^="#"]')) {
      if (document.querySelector(link.getAttribute('href') ?? '') === null) say('anchor leads nowhere', link);
    }

    const levels = all('h1, h2, h3, h4').map(heading => Number(heading.tagName[1]));
    if (levels.filter(level => level === 1).length !== 1) found.push('not exactly one h1');
    levels.forEach((level, i) => {
      if (i > 0 && level > levels[i - 1]! + 1) found.push(`heading level ${level} after ${levels[i - 1]}`);
    });
    if (all('main').length !== 1) found.push('not exactly one main');
    if (document.documentElement.lang === '') found.push('no language');
    if (document.title === '') found.push('no title');

    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (colour: string): [number, number, number, number] => {
      if (canvas === null) throw new Error('no canvas');
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const luminance = (colour: readonly number[]): number => {
      const [r = 0, g = 0, b = 0] = colour.slice(0, 3).map(value => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const backgroundOf = (start: Element): readonly number[] => {
      for (let element: Element | null = start; element !== null; element = element.parentElement) {
        const colour = rgba(getComputedStyle(element).backgroundColor);
        if (colour[3] === 1) return colour;
      }
      return [255, 255, 255, 1];
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (element === null || !node.textContent?.trim() || !element.checkVisibility({ opacityProperty: true }))
        continue;
      if (element.closest(':disabled, script, style, noscript, .visually-hidden') !== null) continue;
      const style = getComputedStyle(element);
      const ink = luminance(rgba(element instanceof SVGElement ? style.fill : style.color));
      const paper = luminance(backgroundOf(element));
      const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      if (contrast < 4.5) say(`contrast ${contrast.toFixed(2)}`, element);
    }
    return [...new Set(found)];
  });
}
