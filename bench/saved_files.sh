#!/usr/bin/env bash
# bench/saved_files.sh BUILD_DIR RESULTS_DIR
#
# Many small files from one nginx, saved: overlap get beside curl --parallel, wget2, aria2c, aiohttp and xargs wget, 64
# requests at a time. In turn, ROUNDS times (5); wall and CPU time a file, and whether every file came. Rivals that are much
# slower get every tenth file. Saved in memory (/dev/shm) and, where DISK names a directory, there too. FILES (20000) of
# SIZE bytes (1024).
#
# nginx has one worker and shares the CPUs with the clients: it takes about 8 us of CPU a request.
. "$(dirname "$(realpath "$0")")/side_by_side.sh"

files=${FILES:-20000} size=${SIZE:-1024} rounds=${ROUNDS:-5}
memory=$(mktemp -d /dev/shm/overlap-saved-files.XXXXXX)
disk=$(mktemp -d "${DISK:-/var/tmp}/overlap-saved-files.XXXXXX")
finish() {
  if [[ -s $work/nginx.pid ]]; then kill "$(<"$work/nginx.pid")" 2>/dev/null || true; fi
  rm -rf "$work" "$memory" "$disk"
}
trap finish EXIT

"$python" "$bench/saved_files.py" prepare "$memory/www" "$files" "$size"
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$work/nginx.conf" <<CONF
worker_processes 1;

pid $work/nginx.pid;
error_log $work/nginx.err crit;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path $work/tmp; proxy_temp_path $work/tmp; fastcgi_temp_path $work/tmp; uwsgi_temp_path $work/tmp;
  scgi_temp_path $work/tmp;
  
  server { listen 127.0.0.1:$port; root $memory/www; }
}
CONF
/usr/sbin/nginx -p "$work" -c "$work/nginx.conf" -e "$work/nginx.err"

"$python" "$bench/saved_files.py" measure --program "$build/bin/overlap" --url "http://127.0.0.1:$port" --work "$work" \
  --files "$files" --size "$size" --rounds "$rounds" --into "memory=$memory/out" --into "disk=$disk/out" >"$work/samples"

print_table <<'ROWS'
saved in memory, a file                     | us | memory:overlap     | curl --parallel | memory:curl    | >=2x
saved in memory, a file                     | us | memory:overlap     | wget2           | memory:wget2   | >=2x
saved in memory, a file                     | us | memory:overlap     | aiohttp         | memory:aiohttp | >=8x
saved in memory, a file                     | us | memory:overlap     | xargs wget      | memory:xargs   | -
saved in memory, a file                     | us | memory:overlap     | aria2c          | memory:aria2c  | -
CPU time of a file saved in memory          | us | memory:overlap:cpu | -               | -              | <=36
CPU time of a file saved in memory          | us | memory:overlap:cpu | curl --parallel | memory:curl:cpu  | -
CPU time of a file saved in memory          | us | memory:overlap:cpu | wget2           | memory:wget2:cpu | -
received and dropped (--to null), a file    | us | memory:null        | curl --parallel | memory:curl    | -
CPU time of a file received and dropped     | us | memory:null:cpu    | -               | -              | -
saved on disk, a file                       | us | disk:overlap       | curl --parallel | disk:curl      | -
saved on disk, a file                       | us | disk:overlap       | wget2           | disk:wget2     | -
CPU time of a file saved on disk            | us | disk:overlap:cpu   | curl --parallel | disk:curl:cpu  | -
ROWS
