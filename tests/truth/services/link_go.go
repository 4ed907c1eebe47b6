// SPDX-License-Identifier: MIT
// Goroutines that ask Redis through a pool; the file TRUTH as in link_node.js, without threads.
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

type timespec struct{ sec, nsec int64 }

func monotonic() int64 {
	var t timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&t)), 0)
	return t.sec*1e9 + t.nsec
}

type conn struct {
	net.Conn
	in *bufio.Reader
}

var (
	last  int64
	lock  sync.Mutex
	lines []string
	pool  chan *conn
)

func (c *conn) ask(id int64, text string) {
	from := monotonic()
	fmt.Fprint(c, text)
	to := monotonic()
	lock.Lock()
	lines = append(lines, fmt.Sprintf("q %d %d %d 0", id, from, to))
	lock.Unlock()
	c.in.ReadString('\n')
}

// A connection that tells when a response is written.
type told struct{ net.Conn }

func (c told) Write(text []byte) (int, error) {
	from := monotonic()
	n, err := c.Conn.Write(text)
	to := monotonic()
	if id := regexp.MustCompile(`X-Id: (\d+)`).FindSubmatch(text); id != nil {
		lock.Lock()
		lines = append(lines, fmt.Sprintf("r %s %d %d 0", id[1], from, to))
		lock.Unlock()
	}
	return n, err
}

type telling struct{ net.Listener }

func (l telling) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return told{c}, err
}

func handle(w http.ResponseWriter, r *http.Request) {
	id := atomic.AddInt64(&last, 1)
	for i := 0; i < 2; i++ {
		c := <-pool
		c.ask(id, "PING\r\n")
		pool <- c
	}
	if r.URL.Path == "/nap" {
		time.Sleep(time.Millisecond)
	}
	w.Header().Set("X-Id", fmt.Sprint(id))
	w.Write([]byte("ok\n"))
}

func main() {
	size, _ := strconv.Atoi(os.Getenv("POOL"))
	pool = make(chan *conn, size)
	for i := 0; i < size; i++ {
		c, err := net.Dial("tcp", "127.0.0.1:"+os.Getenv("REDISPORT"))
		if err != nil {
			panic(err)
		}
		one := &conn{c, bufio.NewReader(c)}
		fmt.Fprintf(c, "AUTH %s\r\n", os.Getenv("PGPASSWORD"))
		one.in.ReadString('\n')
		pool <- one
	}
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Printf("listening on %s\n", listener.Addr())
	http.HandleFunc("/", handle)
	go http.Serve(telling{listener}, nil)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	f, _ := os.Create(os.Getenv("TRUTH"))
	lock.Lock()
	for _, line := range lines {
		fmt.Fprintln(f, line)
	}
	f.Close()
	os.Exit(0)
}
