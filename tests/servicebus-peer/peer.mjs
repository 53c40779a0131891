// A small Service Bus for tests: an AMQP 1.0 listener on loopback, to which the unmodified .NET client connects with
// Endpoint=sb://127.0.0.1:PORT;SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true
//
//   node peer.mjs --config FILE [--port N] [--data FILE] [--max-message-size BYTES]
//
// FILE is a configuration of Microsoft's Service Bus emulator. With --data, messages survive a restart. Prints «ready PORT».
// Faults are requested as lines of JSON on standard input, each answered «ok»:
//   {"refuse":"com.microsoft:server-busy","times":2}   the next two transfers to a topic are refused
//   {"refuse":"amqp:not-allowed","of":"id"}            so is every transfer with a message of this correlation id, until another id is given
//   {"refused":true}                                   answered only once a transfer has been refused since the last such request
//   {"lose":1}                                         the next transfer is stored, and the connection cut instead of answering
// It ends with its standard input.

import fs from 'node:fs';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import rhea from 'rhea';
import { Broker, Refusal } from './broker.mjs';
import { messagesOf, readProperties, tagOf, toDelivery } from './wire.mjs';

// A client that gets a transfer before it has processed the answer to its attach drops it.
const pauseAfterAttach = 20;

const { values: options } = parseArgs({
  options: {
    config: { type: 'string' },
    port: { type: 'string', default: '0' },
    data: { type: 'string' },
    'max-message-size': { type: 'string', default: String(256 * 1024) },
  },
});
const maxMessageSize = Number(options['max-message-size']);
const broker = new Broker(JSON.parse(fs.readFileSync(options.config, 'utf8')), options.data);
const faults = { refuse: null, times: 0, lose: 0, refuseOf: null, of: null, refused: false, onRefused: null };
const { types, message: outcomes } = rhea;

const container = rhea.create_container({ id: 'servicebus-peer' });
container.sasl_server_mechanisms.enable_anonymous();
// The client names the mechanism of Service Bus, and still sends its token over $cbs.
container.sasl_server_mechanisms.MSSBCBS = () => ({ start() { this.outcome = true; } });

// A client publishes: to a topic, or as requests to $cbs and $management.
container.on('receiver_open', ({ receiver }) => {
  const address = addressOf(receiver.remote.attach.target);
  receiver.set_source({ address: receiver.remote.attach.source?.address });
  echoSettleModes(receiver);
  receiver.local.attach.max_message_size = maxMessageSize;
  const topic = broker.topic(address);
  if (!topic && !serviceOf(address)) {
    refuse(receiver, address);
    return;
  }
  receiver.set_target({ address });
  receiver.on('message', context => topic ? onPublished(context, topic) : onRequest(context, serviceOf(address)));
});

// A client consumes: from a subscription or its dead-letter queue, or the answers to its requests.
container.on('sender_open', ({ sender }) => {
  const address = addressOf(sender.remote.attach.source);
  sender.set_target({ address: sender.remote.attach.target?.address });
  echoSettleModes(sender);
  const queue = broker.queue(address);
  if (!queue && !serviceOf(address)) {
    refuse(sender, address);
    return;
  }
  sender.set_source({ address });
  if (queue)
    consume(sender, queue);
});

container.on('error', error => console.error(error));
container.on('connection_error', () => {});
container.on('session_error', () => {});
container.on('disconnected', ({ connection }) => connection.each_sender(sender => sender.consumer?.stop()));

function consume(sender, queue) {
  const { outgoing } = sender.session;
  let attached = false;
  const consumer = {
    deletes: sender.local.attach.snd_settle_mode === 1,
    // rhea accepts any number of messages and sends only as many as there is credit for; unsent messages must not be locked.
    capacity: () => attached ? Math.min(sender.credit - (outgoing.next_delivery_id - outgoing.next_pending_delivery), outgoing.available()) : 0,
    send: (entry, token, lockedUntil) => sender.send(toDelivery(entry, lockedUntil), token, 0),
    stop() {
      attached = false;
      queue.detach(consumer);
    },
  };
  sender.consumer = consumer;
  queue.attach(consumer);
  setTimeout(() => {
    attached = sender.is_open();
    onFlow();
  }, pauseAfterAttach);

  function onFlow() {
    queue.pump();
    if (!sender._draining || !attached)
      return;
    // The rest of the credit is returned only once the messages just handed out are on their way.
    if (outgoing.next_pending_delivery < outgoing.next_delivery_id) {
      setImmediate(onFlow);
      return;
    }
    sender.set_drained(true);
    sender.connection._register();
  }

  sender.on('sender_flow', onFlow);
  sender.on('accepted', ({ delivery }) => settle(delivery, () => queue.complete(delivery.tag)));
  sender.on('released', ({ delivery }) => settle(delivery, () => queue.release(delivery.tag)));
  sender.on('modified', ({ delivery }) => settle(delivery, () => queue.abandon(delivery.tag)));
  sender.on('rejected', ({ delivery }) => settle(delivery, () => queue.deadLetter(delivery.tag, deadLetterProperties(delivery.remote_state.error))));
  sender.on('sender_close', consumer.stop);
  sender.on('sender_error', () => {});
}

function settle(delivery, change) {
  if (delivery.settled)
    return;
  try {
    change();
    delivery.update(true, outcomes.accepted().described());
  } catch (error) {
    delivery.update(true, rejection(error));
  }
  // The client settles with a request, and sends nothing after the answer: without this, rhea would wait for it for ever.
  delivery.remote_settled = true;
}

function refuseTransfer(condition) {
  faults.refused = true;
  faults.onRefused?.();
  faults.onRefused = null;
  throw new Refusal(condition, 'As the test wanted it.');
}

function onPublished({ connection, delivery, message, format }, topic) {
  try {
    if (faults.times > 0) {
      faults.times--;
      refuseTransfer(faults.refuse);
    }
    const messages = messagesOf({ message, format });
    if (faults.of && messages.some(bytes => readProperties(bytes).correlationId === faults.of))
      refuseTransfer(faults.refuseOf);
    if ((message.bytes ?? message).length > maxMessageSize)
      throw new Refusal('amqp:link:message-size-exceeded', `The message is larger than ${maxMessageSize} bytes.`);
    topic.publish(messages);
  } catch (error) {
    delivery.update(true, rejection(error));
    return;
  }
  if (faults.lose > 0) {
    faults.lose--;
    connection.socket.destroy();
    connection.eof();
    return;
  }
  delivery.update(true, outcomes.accepted().described());
}

/** Whether an address is one of the request and response kind: what answers its requests. */
function serviceOf(address) {
  if (address === '$cbs')
    return () => ({ status: 202, description: 'Accepted' });
  const [, entity] = /^(.+)\/\$management$/i.exec(address) ?? [];
  const queue = entity && broker.queue(entity);
  return queue && (request => manage(queue, request));
}

function manage(queue, request) {
  const tokens = () => request.body['lock-tokens'].map(tagOf);
  switch (request.application_properties.operation) {
    case 'com.microsoft:renew-lock':
      return { body: { expirations: types.wrap_array(tokens().map(token => queue.renew(token)), 0x83) } };
    case 'com.microsoft:update-disposition':
      for (const token of tokens()) {
        switch (request.body['disposition-status']) {
          case 'completed':
            queue.complete(token);
            break;
          case 'abandoned':
            queue.abandon(token);
            break;
          case 'suspended':
            queue.deadLetter(token, deadLetterProperties({
              info: {
                DeadLetterReason: request.body['deadletter-reason'],
                DeadLetterErrorDescription: request.body['deadletter-description'],
              },
            }));
            break;
          default:
            throw new Refusal('amqp:not-implemented', `No disposition '${request.body['disposition-status']}' here.`);
        }
      }
      return {};
    default:
      throw new Refusal('amqp:not-implemented', `No operation '${request.application_properties.operation}' here.`);
  }
}

function onRequest({ connection, delivery, message }, service) {
  delivery.update(true, outcomes.accepted().described());
  let answer;
  try {
    answer = service(message);
  } catch (error) {
    const { condition, message: description } = rejectionOf(error);
    answer = { status: condition === 'com.microsoft:message-lock-lost' ? 410 : 501, description, condition };
  }
  const { status = 200, description = 'OK', condition, body = {} } = answer;
  const replies = connection.find_sender(sender => sender.remote.attach?.target?.address === message.reply_to);
  replies?.send({
    correlation_id: message.message_id,
    application_properties: {
      // The client casts these, and fails on anything but an int.
      'status-code': types.wrap_int(status),
      statusCode: types.wrap_int(status),
      'status-description': description,
      statusDescription: description,
      ...condition && { errorCondition: types.wrap_symbol(condition) },
    },
    body,
  });
}

function deadLetterProperties(error) {
  return Object.fromEntries(Object.entries(error?.info ?? {})
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [name, String(value)]));
}

function echoSettleModes(link) {
  link.local.attach.snd_settle_mode = link.remote.attach.snd_settle_mode;
  link.local.attach.rcv_settle_mode = link.remote.attach.rcv_settle_mode;
}

function refuse(link, address) {
  link.close({ condition: 'amqp:not-found', description: `The messaging entity '${address}' could not be found.` });
}

function rejectionOf(error) {
  if (error instanceof Refusal)
    return error;
  console.error(error);
  return new Refusal('amqp:internal-error', String(error));
}

function rejection(error) {
  const { condition, message: description } = rejectionOf(error);
  return outcomes.rejected({ error: { condition, description } }).described();
}

function addressOf(terminus) {
  return (terminus?.address ?? '').replace(/^\//, '');
}

const server = container.listen({
  host: '127.0.0.1',
  port: Number(options.port),
  autoaccept: false,
  treat_modified_as_released: false,
  credit_window: 500,
  session_buffer_size: 65536,
  tcp_no_delay: true,
});
server.on('error', error => {
  console.error(error.message);
  process.exit(1);
});
server.on('listening', () => console.log(`ready ${server.address().port}`));

readline.createInterface({ input: process.stdin })
  .on('line', line => {
    const { refuse: condition, times, of, refused, lose } = JSON.parse(line);
    if (condition || of !== undefined)
      faults.refused = false;
    if (of !== undefined)
      Object.assign(faults, { refuseOf: condition, of });
    else if (condition)
      Object.assign(faults, { refuse: condition, times });
    if (lose)
      faults.lose = lose;
    if (refused && !faults.refused)
      faults.onRefused = () => console.log('ok');
    else
      console.log('ok');
  })
  .on('close', () => process.exit(0));
