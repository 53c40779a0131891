// The rules of subscriptions: correlation filters, and the part of Service Bus' SQL that compares
// properties: = <> != IN, NOT IN, IS [NOT] NULL, AND, OR, NOT, parentheses.

const systemProperties = {
  contenttype: 'contentType', correlationid: 'correlationId', label: 'subject', messageid: 'messageId', replyto: 'replyTo',
  replytosessionid: 'replyToSessionId', sessionid: 'sessionId', to: 'to',
};

/** Makes a predicate of a rule as the configuration of Microsoft's emulator has it. */
export function ruleOf(properties) {
  switch (properties.FilterType) {
    case 'Correlation':
      return correlation(properties.CorrelationFilter ?? {});
    case 'Sql':
      return sql(properties.SqlFilter.SqlExpression);
    default:
      throw new Error(`Unknown FilterType '${properties.FilterType}'.`);
  }
}

function correlation(filter) {
  const system = [], user = Object.entries(filter.Properties ?? {});
  for (const [name, value] of Object.entries(filter)) {
    if (name === 'Properties')
      continue;
    const property = systemProperties[name.toLowerCase()];
    if (!property)
      throw new Error(`A correlation filter cannot have '${name}'.`);
    system.push([property, value]);
  }
  if (system.length + user.length === 0)
    throw new Error('A correlation filter needs a property.');
  return message =>
    system.every(([name, value]) => message[name] === value) &&
    user.every(([name, value]) => message.applicationProperties[name] === value);
}

/** Null stands for SQL's unknown: what has no value is neither equal to anything nor different from it. */
export function sql(expression) {
  const tokens = tokensOf(expression);
  let at = 0;
  const peek = () => tokens[at];
  const next = () => tokens[at++] ?? fail('more');
  const fail = wanted => { throw new Error(`SQL filter «${expression}»: expected ${wanted} before «${peek()?.text ?? 'its end'}».`); };
  const word = text => peek()?.word === text && (at++, true);
  const sign = text => peek()?.sign === text && (at++, true);

  const or = () => {
    let left = and();
    while (word('OR')) {
      const [l, r] = [left, and()];
      left = m => { const [a, b] = [l(m), r(m)]; return a || b ? true : a === null || b === null ? null : false; };
    }
    return left;
  };
  const and = () => {
    let left = not();
    while (word('AND')) {
      const [l, r] = [left, not()];
      left = m => { const [a, b] = [l(m), r(m)]; return a === false || b === false ? false : a === null || b === null ? null : true; };
    }
    return left;
  };
  const not = () => {
    if (word('NOT')) {
      const inner = not();
      return m => { const value = inner(m); return value === null ? null : !value; };
    }
    if (sign('(')) {
      const inner = or();
      if (!sign(')'))
        fail(')');
      return inner;
    }
    return comparison();
  };
  const comparison = () => {
    const left = operand();
    if (word('IS')) {
      const negated = word('NOT');
      if (!word('NULL'))
        fail('NULL');
      return m => (left(m) === null) !== negated;
    }
    const negated = word('NOT');
    if (word('IN')) {
      if (!sign('('))
        fail('(');
      const list = [operand()];
      while (sign(','))
        list.push(operand());
      if (!sign(')'))
        fail(')');
      return m => { const value = left(m); return value === null ? null : list.some(one => one(m) === value) !== negated; };
    }
    if (negated)
      fail('IN');
    const equal = sign('=');
    if (!equal && !sign('<>') && !sign('!='))
      fail('=, <>, IN or IS');
    const right = operand();
    return m => { const [a, b] = [left(m), right(m)]; return a === null || b === null ? null : (a === b) === equal; };
  };
  const operand = () => {
    const token = next();
    if ('value' in token)
      return () => token.value;
    if (token.word === 'TRUE' || token.word === 'FALSE')
      return () => token.word === 'TRUE';
    if (!token.name) {
      at--;
      fail('a property or a value');
    }
    const [scope, name] = token.scope ? [token.scope, token.name] : ['user', token.name];
    if (scope === 'sys') {
      const property = systemProperties[name.toLowerCase()] ?? fail(`a system property instead of sys.${name}`);
      return m => m[property] ?? null;
    }
    return m => m.applicationProperties[name] ?? null;
  };

  const predicate = or();
  if (at < tokens.length)
    fail('AND or OR');
  return message => predicate(message) === true;
}

function tokensOf(expression) {
  const pattern = /\s*(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|(?:(sys|user)\s*\.\s*)?(?:\[([^\]]+)\]|"([^"]+)"|([A-Za-z_][\w:.-]*))|(<>|!=|[=(),]))/giy;
  const tokens = [];
  const text = expression.trim();
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const found = pattern.exec(text);
    if (!found)
      throw new Error(`SQL filter «${expression}»: cannot read «${text.slice(from)}».`);
    const [whole, string, number, scope, bracketed, quoted, plain, sign] = found;
    const token = { text: whole.trim() };
    if (string !== undefined)
      token.value = string.replaceAll("''", "'");
    else if (number !== undefined)
      token.value = Number(number);
    else if (sign !== undefined)
      token.sign = sign;
    else {
      token.name = bracketed ?? quoted ?? plain;
      token.scope = scope?.toLowerCase();
      if (plain && !scope && /^(and|or|not|in|is|null|true|false)$/i.test(plain))
        token.word = plain.toUpperCase();
    }
    tokens.push(token);
  }
  return tokens;
}
