/** The team that a ticket goes to; what the eval set asks for. */
type Router = (ticket: string) => string;

interface Words {
  readonly billing: readonly string[];
  readonly shipping: readonly string[];
  readonly account: readonly string[];
}

function routerOf(...lists: readonly Words[]): Router {
  const teams = ["billing", "shipping", "account"] as const;
  return (ticket) => {
    const text = ticket.toLowerCase();
    const knows = (team: keyof Words): boolean =>
      lists.some((words) => words[team].some((word) => text.includes(word)));
    return teams.find(knows) ?? "unknown";
  };
}

/** Short requests, by keyword. */
const keywords: Words = {
  billing: ["invoice", "charge", "refund"],
  shipping: ["parcel"],
  account: ["password", "account"],
};
/** What people ask in sentences. */
const questions: Words = {
  billing: ["money", "bill", "payment", "pay ", "pay?"],
  shipping: ["order", "package", "arrive"],
  account: ["code", "secret word", "get in", "profile", "sign in"],
};
/** Short requests that blue does not know. */
const requests: Words = {
  billing: [],
  shipping: ["tracking", "courier", "delivery"],
  account: ["login", "log me out"],
};

/** The live bundle. */
export const blue: Router = routerOf(keywords, questions);

/** Learns the short requests, and loses a few of the sentences in the rewrite. */
export const green1: Router = routerOf(keywords, requests, {
  billing: ["money", "bill", "payment"],
  shipping: ["order", "package", "arrive"],
  account: ["code", "profile"],
});

/** Learns them and keeps the sentences. */
export const green2: Router = routerOf(keywords, questions, requests);
