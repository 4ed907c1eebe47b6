// SPDX-License-Identifier: MIT
// Goroutines that ask Redis through a pool; built with link_told.go.
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

type conn struct {
	net.Conn
	in *bufio.Reader
}

var (
	last int64
	pool chan *conn
)

func (c *conn) ask(id int64, text string) {
	from := monotonic()
	fmt.Fprint(c, text)
	note("q", id, from)
	c.in.ReadString('\n')
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
	serve(handle)
}
