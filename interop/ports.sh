# A port that nobody has, below those that outgoing connections get: whoever is killed finds his own again.
free_port() {
  python3 -c '
import random, socket
while True:
    port = random.randrange(10240, 32768)
    try:
        socket.socket().bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break'
}
