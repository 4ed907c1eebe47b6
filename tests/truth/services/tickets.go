// SPDX-License-Identifier: MIT
// Tickets: /buy?show=N, /watch?show=N.
// convoy: all sales go through one mutex, which is held over a wait. Truth: contention.lock, sell.
// growth: each /watch leaves a goroutine and its buffer behind. Truth: memory.leak.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

const shows = 64

type hall struct {
	mutex sync.Mutex
	sold  [shows]int
	each  [shows]sync.Mutex
}

var (
	fault string
	box   hall
	never = make(chan struct{})
)

// The printer needs its time for a ticket.
func printTicket() {
	time.Sleep(3 * time.Millisecond)
}

func (h *hall) sell(show int) int {
	if fault == "convoy" {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		printTicket()
	} else {
		printTicket()
		h.each[show].Lock()
		defer h.each[show].Unlock()
	}
	h.sold[show]++
	return h.sold[show]
}

func follow(show int, changes chan<- int) {
	seen := make([]byte, 16<<10)
	for i := range seen {
		seen[i] = byte(show)
	}
	changes <- len(seen)
	if fault == "growth" {
		<-never
	}
	seen[0]++
}

func show(request *http.Request) int {
	n, err := strconv.Atoi(request.URL.Query().Get("show"))
	if err != nil || n < 0 {
		return 0
	}
	return n % shows
}

func buy(response http.ResponseWriter, request *http.Request) {
	fmt.Fprintf(response, "{\"sold\": %d}\n", box.sell(show(request)))
}

func watch(response http.ResponseWriter, request *http.Request) {
	changes := make(chan int, 1)
	go follow(show(request), changes)
	fmt.Fprintf(response, "{\"changes\": %d}\n", <-changes)
}

func main() {
	if len(os.Args) > 1 {
		fault = os.Args[1]
	}
	http.HandleFunc("/buy", buy)
	http.HandleFunc("/watch", watch)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	panic(http.Serve(listener, nil))
}
