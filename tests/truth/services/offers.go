// SPDX-License-Identifier: MIT
// Planted: rankOffers computes for some milliseconds a request. Truth: cpu.hot-function, rankOffers.
package main

import (
	"fmt"
	"net"
	"net/http"
)

type offers struct{ prices []int }

//go:noinline
func (o *offers) rankOffers(seed int) int {
	rank := seed
	for round := 0; round < 400; round++ {
		for _, price := range o.prices {
			rank = rank*31 + (price ^ rank>>7)
		}
	}
	return rank
}

func main() {
	o := &offers{make([]int, 4096)}
	for i := range o.prices {
		o.prices[i] = i * 7919 % 10007
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("listening on " + listener.Addr().String())
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "rank %d\n", o.rankOffers(len(r.URL.Path)))
	}))
}
