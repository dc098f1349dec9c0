export { answerQuestions } from './answer.ts';
export { Questions } from './ask.ts';
