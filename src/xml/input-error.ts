export { InputError } from '../lib/input-error.js';
