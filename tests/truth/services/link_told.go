// SPDX-License-Identifier: MIT
// What the services of link_go*.go write down for the file TRUTH: lines as in link_node.js, without
// threads.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"sync"
	"syscall"
	"unsafe"
)

type timespec struct{ sec, nsec int64 }

func monotonic() int64 {
	var t timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&t)), 0)
	return t.sec*1e9 + t.nsec
}

var (
	lock  sync.Mutex
	lines []string
)

func note(kind string, id any, from int64) {
	to := monotonic()
	lock.Lock()
	lines = append(lines, fmt.Sprintf("%s %s %d %d 0", kind, fmt.Sprint(id), from, to))
	lock.Unlock()
}

// A connection that tells when something with an id in it is written.
type told struct {
	net.Conn
	kind string
	id   *regexp.Regexp
}

func (c told) Write(text []byte) (int, error) {
	from := monotonic()
	n, err := c.Conn.Write(text)
	if id := c.id.FindSubmatch(text); id != nil {
		note(c.kind, string(id[1]), from)
	}
	return n, err
}

type telling struct{ net.Listener }

var response = regexp.MustCompile(`X-Id: (\d+)`)

func (l telling) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return told{c, "r", response}, err
}

func serve(handle func(http.ResponseWriter, *http.Request)) {
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
