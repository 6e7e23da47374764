/** Return the body of a response as a file, named by the server. */
export async function fileOf(
  response: Response,
  fallback: string,
): Promise<File> {
  const header = response.headers.get("Content-Disposition") ?? "";
  const coded = /filename\*=UTF-8''([^;]+)/i.exec(header)?.[1];
  const plain = /filename="?([^";]+)/i.exec(header)?.[1];
  const name = coded ? decodeURIComponent(coded) : (plain ?? fallback);
  const blob = await response.blob();
  return new File([blob], name, { type: blob.type });
}
