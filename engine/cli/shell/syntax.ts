/** The language of the shell as trees. */

export interface GlobalReference {
  readonly kind: 'global';
  /** `|expression|` or `["expression"]` before the name. */
  readonly environment: Expression | null;
  readonly name: string;
  readonly subscripts: readonly Expression[];
}

export interface LocalVariable {
  readonly kind: 'local';
  readonly name: string;
}

/** What can be set. */
export type Place = GlobalReference | LocalVariable;

export type BinaryOperator = '+' | '-' | '*' | '/' | '_' | '=' | '<' | '>';

export type FunctionName = '$GET' | '$DATA' | '$ORDER' | '$QUERY' | '$INCREMENT';
export type SpecialName = '$TLEVEL' | '$TEST' | '$ZNSPACE';

export type Expression =
  | Place
  | { readonly kind: 'literal'; readonly value: string }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'unary'; readonly operator: '+' | '-' | "'"; readonly operand: Expression }
  | { readonly kind: 'function'; readonly name: FunctionName; readonly place: Place; readonly rest: readonly Expression[] }
  | { readonly kind: 'special'; readonly name: SpecialName };

export interface LockRequest {
  /** '' frees everything first. */
  readonly mode: '+' | '-' | '';
  readonly reference: GlobalReference;
  readonly timeoutSeconds: Expression | null;
}

export type ShellCommand =
  | { readonly kind: 'set'; readonly assignments: readonly { readonly places: readonly Place[]; readonly value: Expression }[] }
  /** Without places: every local variable. */
  | { readonly kind: 'kill'; readonly places: readonly Place[] }
  | { readonly kind: 'zkill'; readonly places: readonly Place[] }
  | { readonly kind: 'write'; readonly items: readonly (Expression | 'newline')[] }
  /** Without places: every local variable. */
  | { readonly kind: 'zwrite'; readonly places: readonly Place[] }
  | { readonly kind: 'merge'; readonly pairs: readonly { readonly to: GlobalReference; readonly from: GlobalReference }[] }
  /** Without requests: frees everything. */
  | { readonly kind: 'lock'; readonly requests: readonly LockRequest[] }
  | { readonly kind: 'tstart' }
  | { readonly kind: 'tcommit' }
  | { readonly kind: 'trollback'; readonly levels: Expression | null }
  | { readonly kind: 'namespace'; readonly name: Expression }
  | { readonly kind: 'halt' };

/** An error in what was typed or in what it did: shown as `<CODE>` and one sentence. */
export class ShellError extends Error {
  readonly code: string;

  constructor(code: string, sentence: string) {
    super(sentence);
    this.name = 'ShellError';
    this.code = code;
  }
}
