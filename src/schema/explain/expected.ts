import { alternatives } from './derivative.js';
import { spelledNames } from './name-class.js';
import type { Pattern } from './pattern.js';

type Kind = 'attribute' | 'element';

/**
 * The names of attributes or child elements that may come next; with `later`, also of children that may follow after
 * these.
 */
export function allowedNames(state: Pattern, kind: Kind, later = false): string[] {
  const names = new Set<string>();
  const seen = new Set<Pattern>();
  const visit = (pattern: Pattern): void => {
    if (seen.has(pattern)) return;
    seen.add(pattern);
    const { form } = pattern;
    switch (form.kind) {
      case kind:
        for (const name of spelledNames((form as { names: Parameters<typeof spelledNames>[0] }).names)) names.add(name);
        return;
      case 'choice':
      case 'interleave':
        form.of.forEach(visit);
        return;
      case 'oneOrMore':
        visit(form.of);
        return;
      case 'after':
        visit(form.first);
        return;
      case 'group':
        visit(form.first);
        if (later || kind === 'attribute' || form.first.nullable) visit(form.second);
    }
  };
  visit(state);
  return [...names];
}

/** Required parts: names that are required together, or, if there are several possibilities, the first name of each. */
export interface Required {
  all: string[];
  oneOf: string[];
}

/** The parts that are missing in a state that cannot end. */
export function requiredNames(state: Pattern, kind: Kind): Required {
  const all = [...required(state, kind)];
  if (all.length > 0) return { all, oneOf: [] };
  const firsts = new Set<string>();
  const visit = (pattern: Pattern): void => {
    for (const each of alternatives(content(pattern))) {
      const [first] = required(each, kind);
      if (first !== undefined) firsts.add(first);
      else if (each.form.kind === 'interleave') each.form.of.filter(({ nullable }) => !nullable).forEach(visit);
      else if (each.form.kind === 'group')
        [each.form.first, each.form.second].filter((x) => !x.nullable).forEach(visit);
    }
  };
  for (const each of alternatives(state)) visit(each);
  return { all: [], oneOf: [...firsts] };
}

const content = (pattern: Pattern) => (pattern.form.kind === 'after' ? pattern.form.first : pattern);

function required(pattern: Pattern, kind: Kind): Set<string> {
  const { form } = pattern;
  switch (form.kind) {
    case kind: {
      const [name, ...others] = spelledNames((form as { names: Parameters<typeof spelledNames>[0] }).names);
      return new Set(name === undefined || others.length > 0 ? [] : [name]);
    }
    case 'choice': {
      const [first, ...others] = form.of.map((each) => required(each, kind));
      return new Set([...(first ?? [])].filter((name) => others.every((other) => other.has(name))));
    }
    case 'interleave':
      return new Set(form.of.flatMap((each) => [...required(each, kind)]));
    case 'group':
      return new Set([...required(form.first, kind), ...required(form.second, kind)]);
    case 'oneOrMore':
      return required(form.of, kind);
    case 'after':
      return required(form.first, kind);
    default:
      return new Set();
  }
}

/** The values that a pattern of texts allows: literal ones, and the labels of its datatypes. */
export interface Values {
  spelled: string[];
  types: string[];
  /** any text */
  any: boolean;
}

export function allowedValues(pattern: Pattern): Values {
  const values: Values = { spelled: [], types: [], any: false };
  const seen = new Set<Pattern>();
  const visit = (part: Pattern): void => {
    if (seen.has(part)) return;
    seen.add(part);
    const { form } = part;
    switch (form.kind) {
      case 'text':
        values.any = true;
        return;
      case 'value':
        if (!values.spelled.includes(form.value)) values.spelled.push(form.value);
        return;
      case 'data':
        if (!values.types.includes(form.type.label)) values.types.push(form.type.label);
        return;
      case 'choice':
      case 'interleave':
        form.of.forEach(visit);
        return;
      case 'group':
      case 'after':
        visit(form.first);
        if (form.kind === 'group') visit(form.second);
        return;
      case 'oneOrMore':
      case 'list':
        visit(form.of);
    }
  };
  visit(pattern);
  return values;
}
