// Topics, subscriptions and their messages, without a protocol: consumers are objects with a capacity and a send function.

import fs from 'node:fs';
import { randomBytes } from 'node:crypto';
import { ruleOf } from './filters.mjs';
import { readProperties } from './wire.mjs';

/** A failure with the condition that Service Bus would name. */
export class Refusal extends Error {
  constructor(condition, description) {
    super(description);
    this.condition = condition;
  }
}

export class Broker {
  #topics = new Map();
  #sequence = 0;
  #journal = null;

  /**
   * @param config the configuration of Microsoft's Service Bus emulator
   * @param dataFile the file that keeps messages across restarts, or undefined
   */
  constructor(config, dataFile) {
    for (const namespace of config.UserConfig.Namespaces) {
      for (const topic of namespace.Topics ?? [])
        this.#topics.set(topic.Name.toLowerCase(), new Topic(this, topic));
    }
    if (dataFile)
      this.#open(dataFile);
  }

  /** The topic with this address; undefined if there is none. */
  topic(address) {
    return this.#topics.get(address.toLowerCase());
  }

  /** The subscription or dead-letter queue with this address; undefined if there is none. */
  queue(address) {
    const [, topic, name, dead] = /^([^$]+?)\/subscriptions\/([^/]+)(\/\$deadletterqueue)?$/.exec(address.toLowerCase()) ?? [];
    const subscription = topic && this.#topics.get(topic)?.subscriptions.get(name);
    return subscription && (dead ? subscription.deadLetters : subscription);
  }

  nextSequence() {
    return ++this.#sequence;
  }

  /**
   * Makes a change durable. It is written in one call and not flushed to the disk: the system's cache survives the death of the
   * process, and tests do nothing worse.
   */
  record(change) {
    if (this.#journal !== null)
      fs.writeSync(this.#journal, JSON.stringify(change) + '\n');
  }

  #open(dataFile) {
    const lines = fs.existsSync(dataFile) ? fs.readFileSync(dataFile, 'utf8').split('\n') : [''];
    // The last line is empty, or was being written when the process died, so it was never acknowledged.
    const torn = lines.pop();
    if (torn)
      fs.truncateSync(dataFile, fs.statSync(dataFile).size - Buffer.byteLength(torn));
    for (const line of lines)
      this.#replay(JSON.parse(line));
    this.#journal = fs.openSync(dataFile, 'a');
  }

  #replay({ add, to, at, done, dead, attempts, queue, sequence }) {
    if (add) {
      const topic = this.#topics.get(to);
      for (const one of add) {
        const entry = entryOf(Buffer.from(one.bytes, 'base64'), one.sequence, at);
        topic.remember(entry);
        for (const name of one.queues)
          topic.subscriptions.get(name).put(entry);
        this.#sequence = one.sequence;
      }
    } else if (done) {
      this.queue(queue).take(sequence);
    } else if (dead) {
      this.queue(queue).bury(this.queue(queue).take(sequence), dead);
    } else if (attempts) {
      this.queue(queue).find(sequence).attempts = attempts;
    }
  }
}

class Topic {
  #broker;
  #history = new Map();
  #window;

  constructor(broker, config) {
    this.#broker = broker;
    this.name = config.Name.toLowerCase();
    this.#window = config.Properties?.RequiresDuplicateDetection
      ? milliseconds(config.Properties.DuplicateDetectionHistoryTimeWindow ?? 'PT20S')
      : 0;
    this.subscriptions = new Map(config.Subscriptions.map(one =>
      [one.Name.toLowerCase(), new Queue(broker, `${this.name}/subscriptions/${one.Name.toLowerCase()}`, one)]));
  }

  /** Stores messages, all or none, and returns when they are durable. Those that were here already are dropped. */
  publish(messages) {
    const now = Date.now();
    const routed = [];
    for (const bytes of messages) {
      const entry = entryOf(bytes, 0, now);
      if (this.#isDuplicate(entry, now))
        continue;
      entry.sequence = this.#broker.nextSequence();
      this.remember(entry);
      routed.push([entry, [...this.subscriptions].filter(([, queue]) => queue.wants(entry)).map(([name]) => name)]);
    }
    if (routed.length === 0)
      return;
    this.#broker.record({
      add: routed.map(([entry, queues]) => ({ sequence: entry.sequence, queues, bytes: entry.bytes.toString('base64') })),
      to: this.name,
      at: now,
    });
    const filled = new Set();
    for (const [entry, queues] of routed) {
      for (const name of queues)
        filled.add(this.subscriptions.get(name).put(entry));
    }
    filled.forEach(queue => queue.pump());
  }

  remember(entry) {
    if (this.#window && entry.properties.messageId !== undefined)
      this.#history.set(entry.properties.messageId, entry.enqueuedAt);
  }

  #isDuplicate(entry, now) {
    const seen = this.#history.get(entry.properties.messageId);
    return this.#window > 0 && seen !== undefined && now - seen < this.#window;
  }
}

/** A subscription, or its dead-letter queue. */
export class Queue {
  #broker;
  #ready = [];
  #locked = new Map();
  #consumers = new Set();
  #rules;
  #maxDeliveries;
  #lockFor;

  constructor(broker, path, config, parent = null) {
    this.#broker = broker;
    this.path = path;
    this.parent = parent;
    this.#rules = config.Rules?.map(rule => ruleOf(rule.Properties)) ?? [];
    this.#maxDeliveries = parent ? Infinity : config.Properties?.MaxDeliveryCount ?? 10;
    this.#lockFor = milliseconds(config.Properties?.LockDuration ?? 'PT1M');
    this.deadLetters = parent ? null : new Queue(broker, `${path}/$deadletterqueue`, { Properties: config.Properties }, this);
  }

  /** Whether a rule lets the message through. A subscription without rules takes everything. */
  wants(entry) {
    return this.#rules.length === 0 || this.#rules.some(rule => rule(entry.properties));
  }

  put(entry) {
    // Each subscription has its own copy, with its own attempts and dead-lettering.
    this.#insert({ ...entry });
    return this;
  }

  find(sequence) {
    return this.#ready.find(one => one.sequence === sequence);
  }

  take(sequence) {
    return this.#ready.splice(this.#ready.findIndex(one => one.sequence === sequence), 1)[0];
  }

  bury(entry, properties) {
    this.deadLetters.#insert({ ...entry, attempts: 0, dead: { from: this.path, properties } });
    this.deadLetters.pump();
  }

  attach(consumer) {
    this.#consumers.add(consumer);
  }

  /**
   * Service Bus keeps a receiver's messages locked until the lock expires. Here they are free immediately, so that no test has to
   * wait.
   */
  detach(consumer) {
    this.#consumers.delete(consumer);
    for (const [token, lock] of this.#locked) {
      if (lock.consumer === consumer)
        this.#giveBack(token, lock);
    }
    this.pump();
  }

  /** Hands out what waits, to whoever can take it. */
  pump() {
    let sent = true;
    while (this.#ready.length > 0 && sent) {
      sent = false;
      for (const consumer of this.#consumers) {
        if (this.#ready.length === 0 || consumer.capacity() <= 0)
          continue;
        sent = true;
        const entry = this.#ready.shift();
        const token = randomBytes(16);
        if (consumer.deletes) {
          this.#broker.record({ done: true, queue: this.path, sequence: entry.sequence });
          consumer.send(entry, token, undefined);
          continue;
        }
        const lock = { entry, consumer };
        this.#locked.set(token.toString('hex'), lock);
        consumer.send(entry, token, this.#watch(token.toString('hex'), lock));
      }
    }
  }

  complete(token) {
    const { entry } = this.#unlock(token);
    this.#broker.record({ done: true, queue: this.path, sequence: entry.sequence });
  }

  abandon(token) {
    this.#giveBack(token.toString('hex'), this.#locked.get(token.toString('hex')) ?? lost());
    this.pump();
  }

  /** Takes back what a client got and never looked at: that is no attempt. */
  release(token) {
    this.#insert(this.#unlock(token).entry);
    this.pump();
  }

  deadLetter(token, properties) {
    const { entry } = this.#unlock(token);
    // A dead-letter queue has no dead-letter queue: its messages can only be completed.
    if (this.parent) {
      this.#insert(entry);
      return;
    }
    this.#bury(entry, properties);
  }

  renew(token) {
    const key = token.toString('hex');
    return this.#watch(key, this.#locked.get(key) ?? lost());
  }

  #watch(key, lock) {
    clearTimeout(lock.timer);
    lock.timer = setTimeout(() => { this.#giveBack(key, lock); this.pump(); }, this.#lockFor);
    return Date.now() + this.#lockFor;
  }

  #unlock(token) {
    const key = token.toString('hex');
    const lock = this.#locked.get(key) ?? lost();
    clearTimeout(lock.timer);
    this.#locked.delete(key);
    return lock;
  }

  #giveBack(key, { entry, timer }) {
    clearTimeout(timer);
    this.#locked.delete(key);
    entry.attempts++;
    if (entry.attempts >= this.#maxDeliveries) {
      this.#bury(entry, {
        DeadLetterReason: 'MaxDeliveryCountExceeded',
        DeadLetterErrorDescription: `Message could not be consumed after ${entry.attempts} delivery attempts.`,
      });
      return;
    }
    this.#broker.record({ attempts: entry.attempts, queue: this.path, sequence: entry.sequence });
    this.#insert(entry);
  }

  #bury(entry, properties) {
    this.#broker.record({ dead: properties, queue: this.path, sequence: entry.sequence });
    this.bury(entry, properties);
  }

  #insert(entry) {
    let at = this.#ready.length;
    while (at > 0 && this.#ready[at - 1].sequence > entry.sequence)
      at--;
    this.#ready.splice(at, 0, entry);
  }
}

function entryOf(bytes, sequence, enqueuedAt) {
  return { bytes, sequence, enqueuedAt, properties: readProperties(bytes), attempts: 0, dead: null };
}

function lost() {
  throw new Refusal('com.microsoft:message-lock-lost', 'The lock supplied is invalid.');
}

function milliseconds(duration) {
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(duration);
  if (!found)
    throw new Error(`'${duration}' is no ISO 8601 duration.`);
  const [days, hours, minutes, seconds] = found.slice(1).map(one => Number(one ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
