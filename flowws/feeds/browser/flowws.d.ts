// The types of flowws.js. All durations are seconds.

export type Scalar = string | number | boolean | null;

/** An expression over the fields of an update, with dots in between: `["eq", "person.city", "London"]`. */
export type FilterExpression =
  | [comparison: "eq" | "ne" | "lt" | "le" | "gt" | "ge", field: string, value: Scalar]
  | [operator: "in", field: string, values: Scalar[]]
  | Junction
  | [operator: "not", operand: FilterExpression]
  | [operator: "name", name: string];

/** An expression, the name of a filter of the server, or null for everything. */
export type Filter = FilterExpression | string | null;

/** `["and", ...]` or `["or", ...]` of expressions. */
export interface Junction extends Array<"and" | "or" | FilterExpression> {
  0: "and" | "or";
}

export interface Policy {
  /** The longest wait before the first attempt to come back. Default: 0.1. */
  first?: number;
  /** By how much the waits grow with each attempt that fails. Default: 2. */
  factor?: number;
  /** What no wait exceeds; chance says how much of it is waited. Default: 30. */
  longest?: number;
  /** How many attempts in a row may fail. Default: Infinity. */
  retries?: number;
  /** A connection that has lasted so long lets the attempts start anew. Default: 10. */
  stableAfter?: number;
  /** Silence that is taken for trouble; the connection is given up after as long again. Default: 30. */
  staleAfter?: number;
  /** Whether a close code ends it all. Default: 1002, 1003, 1007 to 1010, and 4000 to 4999. */
  isFatal?: (code: number) => boolean;
}

export type FeedState =
  | { readonly name: "connecting" }
  /** `resumed`: what was missed comes, too; if it is false, a snapshot comes where the feed has them. */
  | { readonly name: "open"; readonly resumed: boolean }
  | { readonly name: "stale"; readonly since: Date }
  | { readonly name: "backoff"; readonly attempt: number; readonly delay: number; readonly cause: FeedError }
  /** `cause` is null where this side closed it, or the feed has come to its end. */
  | { readonly name: "closed"; readonly cause: FeedError | null };

export type ConnectionState = Exclude<FeedState, { name: "open" }> | { readonly name: "open" };

export interface Gap {
  /** How many updates are missing; null where nobody knows, as the server has begun anew. */
  readonly missed: number | null;
  /** "lag": under this filter, as this page is slow; "trimmed": of all, no longer kept; "restart": of another epoch. */
  readonly reason: "lag" | "trimmed" | "restart";
}

export interface SubscribeOptions<Update, Item = Update> {
  /** Default: null, everything. Where JSON cannot carry it, the subscription is "closed" from the first, with "bad-filter". */
  filter?: Filter;
  /** A `position` to go on from, of an earlier visit, say. */
  after?: string | null;
  /** The feed as it is now: at the beginning, after a switch of the filter, and where there is nothing to resume from. */
  onSnapshot?: (items: Item[]) => void;
  onUpdate?: (update: Update) => void;
  onGap?: (gap: Gap) => void;
  /** Each change from the first state on, which is "connecting". Where JSON cannot carry the filter, "closed" is all that is told. */
  onState?: (state: FeedState) => void;
}

/** Why the server refuses a request, or JSON cannot carry a filter; or why a connection or a feed came to its end. */
export declare class FeedError extends Error {
  constructor(message: string, code: string | number);
  /** A word of the protocol, such as "bad-filter", or the number of a Close frame. */
  code: string | number;
}

export interface Subscription<Update, Item = Update> extends AsyncIterable<Update | Item> {
  readonly topic: string;
  readonly state: FeedState;
  /** The one in force. */
  readonly filter: Filter;
  /** Up to where everything has come; null: there is nothing to resume from yet. */
  readonly position: string | null;
  /**
   * Switches the filter; what follows is under the new one. Done when the server says so. Where it refuses, or JSON cannot carry the
   * filter, a `FeedError` says why, and the filter in force stays.
   */
  setFilter(filter?: Filter): Promise<void>;
  close(): void;
  /**
   * The items of each snapshot one by one, and the updates, from now on. Leaving the loop closes the subscription; its failure is
   * thrown. What the loop has not taken yet waits in memory: a page cannot make a server wait.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Update | Item, void, void>;
}

/** Several subscriptions over one WebSocket, which is open, or on its way to be, while there is one. */
export interface FeedConnection {
  readonly state: ConnectionState;
  /** The topic is "" where the path serves one feed. */
  subscribe<Update = unknown, Item = Update>(
    topic?: string,
    options?: SubscribeOptions<Update, Item>,
  ): Subscription<Update, Item>;
  /** Closes every subscription. */
  close(): void;
}

/** The feeds at a path of this server, or at any URL: http stands for ws, and https for wss. */
export declare function connect(url: string | URL, options?: { policy?: Policy }): FeedConnection;
