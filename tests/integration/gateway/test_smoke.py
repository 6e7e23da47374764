import httpx2


async def test_all(client):
    r = await client.get("/health")
    print(r.status_code, r.text, dict(r.headers))
    r = await client.get("/api/sessions/current")
    print(r.status_code, r.text, dict(r.headers))
    r = await client.post(
        "/api/transcription/upload",
        files={"file": ("a.mp3", b"ID3" + b"x" * 1000000)},
        data={"language": "en"},
    )
    print(r.status_code, r.text)
    r = await client.get("/api/transcription/status/1")
    print(r.status_code, r.text)
    r = await client.get("/api/transcription/status/abc")
    print(r.status_code, r.text)
    r = await client.get("/openapi.json")
    print(r.status_code, len(r.text))
    r = await client.get("/nope")
    print(r.status_code, r.text)
    r = await client.patch("/api/speakers")
    print(r.status_code, r.text, r.headers.get("allow"))
