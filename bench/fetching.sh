#!/usr/bin/env bash
# bench/fetching.sh BUILD_DIR RESULTS_DIR
#
# What `overlap get` makes of latency, large bodies, new TLS connections and ten thousand requests at a time. Five rounds in
# turn (ROUNDS) with the rivals, on this machine's own servers: nginx, and the built-in origin where an answer must take its
# time. MIXED=1000000 makes the mixed run as long as the mark speaks of: 200 s, and 5 GB in /dev/shm.
. "$(dirname "$(realpath "$0")")/side_by_side.sh"

memory=$(mktemp -d /dev/shm/overlap-fetching.XXXXXX)
finish() {
  if [[ -s $work/nginx.pid ]]; then kill "$(<"$work/nginx.pid")" 2>/dev/null || true; fi
  kill "${origin:-}" 2>/dev/null || true
  rm -rf "$work" "$memory"
}
trap finish EXIT
ulimit -n "$(ulimit -Hn)"

chmod 755 "$memory"  # where this is root, the worker of nginx is not
mkdir "$memory/www"
head -c 1024 /dev/urandom >"$memory/www/small"
truncate -s 1G "$memory/www/large"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=IP:127.0.0.1 -keyout "$work/key" -out "$work/cert" 2>/dev/null
read -r port tls_port < <("$python" -c 'import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')
cat >"$work/nginx.conf" <<CONF
worker_processes 1;
pid $work/nginx.pid;
error_log $work/nginx.err crit;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000;
  server { listen 127.0.0.1:$port; root $memory/www; }
  server {
    listen 127.0.0.1:$tls_port ssl;
    root $memory/www;
    keepalive_timeout 0;
    ssl_certificate $work/cert;
    ssl_certificate_key $work/key;
    ssl_session_cache off;
    ssl_session_tickets off;
  }
}
CONF
/usr/sbin/nginx -p "$work" -c "$work/nginx.conf" -e "$work/nginx.err"
mkfifo "$work/first_line"
"$build/bin/overlap" serve --latency 50ms >"$work/first_line" &
origin=$!
read -r _ _ slow_url <"$work/first_line"

"$python" "$bench/fetching.py" --program "$build/bin/overlap" --work "$work" --out "$memory/out" --rounds "${ROUNDS:-5}" --mixed "${MIXED:-20000}" \
  --plain "http://127.0.0.1:$port" --tls "https://127.0.0.1:$tls_port" --slow "$slow_url" >"$work/samples"

print_table <<ROWS
2000 answers of 50 ms, 64 at a time             | s   | latency:overlap   | the ideal         | latency:ideal   | <=1.05x
600 answers of 50 ms from 3 hosts, 6 at each    | s   | hosts:overlap     | the ideal         | hosts:ideal     | <=1.05x
${MIXED:-20000} mixed, 50 ms, 8 hosts, 32 at each         | s   | mixed:overlap     | the ideal         | mixed:ideal     | <=1.05x
CPU time of one of these                        | us  | mixed:overlap:cpu | -                 | -               | -
peak memory with them                           | KiB | mixed:overlap:kib | peak, a small one | small:overlap:kib | -
one body of 1 GiB                               | s   | large:overlap     | curl              | large:curl      | <=1x
peak memory, one body of 1 GiB                  | KiB | large:overlap:kib | peak, a small one | small:overlap:kib | <=1.1x
CPU time of a new TLS connection                | us  | tls:overlap:cpu   | openssl s_time    | tls:openssl:cpu | -
the same, above the handshake                   | us  | tls:above         | -                 | -               | <=500
memory of one of 10,000 requests at a time      | KiB | flight:kib        | -                 | -               | <=40
a request received and dropped                  | us  | small:overlap     | wrk, 1 thread     | small:wrk       | -
ROWS
