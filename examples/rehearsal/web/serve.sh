trap 'echo stopping; exit 0' TERM
/bin/busybox mkdir -p /tmp/www
/bin/busybox cp /app/page /tmp/www/index.html
echo "serving $GREETING"
/bin/busybox httpd -f -p 8080 -h /tmp/www &
wait
