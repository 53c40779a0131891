// Messages as bytes. A broker changes only the header and the annotations of a message, so messages are kept unchanged,
// split into their sections, and never converted to JavaScript's types, which lack int, uuid and symbol.

import rhea from 'rhea';

const { types } = rhea;
const header = 0x70, messageAnnotations = 0x72, properties = 0x73, applicationProperties = 0x74, data = 0x75;
const batchFormat = 0x80013700;

// rhea passes a message of the default format only in decoded form. This also keeps its bytes.
const decode = rhea.message.decode;
rhea.message.decode = bytes => Object.assign(decode(bytes), { bytes });

/** The messages of a transfer, each as bytes of its own: one, or those of a batch, whose data sections are messages. */
export function messagesOf({ message, format }) {
  if (format === undefined || format === 0)
    return [Buffer.from(message.bytes)];
  if (format !== batchFormat)
    throw new Error(`Unknown message format 0x${format.toString(16)}.`);
  return sectionsOf(message).filter(section => section.code === data).map(section => Buffer.from(section.typed.value));
}

/** What filters and duplicate detection look at. */
export function readProperties(bytes) {
  const message = decode(bytes);
  return {
    messageId: message.message_id?.toString(),
    correlationId: message.correlation_id?.toString(),
    subject: message.subject,
    contentType: message.content_type,
    to: message.to,
    replyTo: message.reply_to,
    sessionId: message.group_id,
    replyToSessionId: message.reply_to_group_id,
    applicationProperties: { ...message.application_properties },
  };
}

/** The message for a receiver: the publisher's own bytes between a header and annotations of the broker's. */
export function toDelivery(entry, lockedUntil) {
  const annotations = new Map([
    ['x-opt-sequence-number', types.wrap_long(entry.sequence)],
    ['x-opt-enqueued-time', types.wrap_timestamp(entry.enqueuedAt)],
    ['x-opt-enqueue-sequence-number', types.wrap_long(entry.sequence)],
  ]);
  if (lockedUntil !== undefined)
    annotations.set('x-opt-locked-until', types.wrap_timestamp(lockedUntil));
  if (entry.dead)
    annotations.set('x-opt-deadletter-source', types.wrap_string(entry.dead.from));

  let dead = entry.dead && Object.entries(entry.dead.properties);
  const bare = [];
  for (const section of sectionsOf(entry.bytes)) {
    if (section.code === messageAnnotations) {
      for (let i = 0; i < section.typed.value.length; i += 2) {
        if (!annotations.has(section.typed.value[i].value))
          annotations.set(section.typed.value[i].value, section.typed.value[i + 1]);
      }
    } else if (section.code === applicationProperties && dead) {
      bare.push(mapSection(applicationProperties, [...section.typed.value, ...strings(dead)]));
      dead = null;
    } else if (section.code >= properties) {
      if (section.code > applicationProperties && dead) {
        bare.push(mapSection(applicationProperties, strings(dead)));
        dead = null;
      }
      bare.push(section.bytes);
    }
  }
  return Buffer.concat([
    // durable, default priority, no time to live, first-acquirer unknown, the attempts before this one
    write(described(header, types.wrap_list([true, null, null, null, types.wrap_uint(entry.attempts)]))),
    mapSection(messageAnnotations, [...annotations].flatMap(([name, value]) => [types.wrap_symbol(name), value])),
    ...bare,
  ]);
}

/** A lock token as a request names it, in the byte order of the delivery tag: .NET keeps the first three fields reversed. */
export function tagOf(uuid) {
  const tag = Buffer.from(uuid);
  tag.subarray(0, 4).reverse();
  tag.subarray(4, 6).reverse();
  tag.subarray(6, 8).reverse();
  return tag;
}

function sectionsOf(bytes) {
  const reader = new types.Reader(bytes);
  const sections = [];
  while (reader.remaining()) {
    const from = reader.position;
    const typed = reader.read();
    sections.push({ code: Number(typed.descriptor.value), typed, bytes: bytes.subarray(from, reader.position) });
  }
  return sections;
}

const described = (code, typed) => types.described(types.wrap_ulong(code), typed);
const mapSection = (code, items) => write(described(code, types.Map32(items)));
const strings = entries => entries.flatMap(([name, value]) => [types.wrap_string(name), types.wrap_string(value)]);

function write(typed) {
  const writer = new types.Writer();
  writer.write(typed);
  return writer.toBuffer();
}
