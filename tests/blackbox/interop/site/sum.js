// The length of a response's body: a module for another module to import.
export async function length(response) {
  return (await response.arrayBuffer()).byteLength;
}
