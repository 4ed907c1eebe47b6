// SPDX-License-Identifier: MIT
// Goroutines that ask PostgreSQL through the pool of database/sql; built with link_told.go.
package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

var (
	last     int64
	db       *sql.DB
	question = regexp.MustCompile(`id=(\d+)`)
)

type dialer struct{}

func (dialer) Dial(network, address string) (net.Conn, error) {
	c, err := net.Dial(network, address)
	return told{c, "q", question}, err
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	return d.Dial(network, address)
}

type connector struct{ where string }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	return pq.DialOpen(dialer{}, c.where)
}
func (c connector) Driver() driver.Driver { return &pq.Driver{} }

func handle(w http.ResponseWriter, r *http.Request) {
	id := atomic.AddInt64(&last, 1)
	for _, text := range []string{"SELECT 'id=%d' AS first", "SELECT 'id=%d' AS second FROM pg_sleep(0.001)"} {
		var answer string
		if err := db.QueryRow(fmt.Sprintf(text, id)).Scan(&answer); err != nil {
			panic(err)
		}
	}
	w.Header().Set("X-Id", fmt.Sprint(id))
	w.Write([]byte("ok\n"))
}

func main() {
	size, _ := strconv.Atoi(os.Getenv("POOL"))
	db = sql.OpenDB(connector{fmt.Sprintf("host=127.0.0.1 port=%s user=shop dbname=postgres sslmode=disable password=%s",
		os.Getenv("PGPORT"), os.Getenv("PGPASSWORD"))})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	serve(handle)
}
