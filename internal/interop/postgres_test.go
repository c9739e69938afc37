package interop

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/polluxio/pollux/sock/netconn"
)

// postgres starts a server of its own on a Unix socket and on TCP, and returns where it is.
func postgres(t *testing.T) (folder, port string) {
	bin := filepath.Dir(installed(t, "initdb", "postgresql", "/usr/lib/postgresql/*/bin"))
	data, err := os.MkdirTemp("", "postgres") // short, for the path of the socket, and another user's
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(data) })
	as := &syscall.SysProcAttr{}
	if os.Getuid() == 0 { // as which it refuses to run
		u, err := user.Lookup("postgres")
		must(t, err)
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		must(t, os.Chown(data, uid, gid))
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	ln := listen(t)
	_, port, _ = strings.Cut(ln.Addr().String(), ":")
	ln.Close()
	init := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(data, "db"), "-A", "trust", "-U", "tester", "--no-sync")
	init.SysProcAttr, init.Dir = as, data
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", filepath.Join(data, "db"),
		"-k", data, "-p", port, "-h", "127.0.0.1", "-F")
	server.SysProcAttr, server.Dir = as, data
	start(t, server)
	return data, port
}

func TestPostgreSQL(t *testing.T) {
	folder, port := postgres(t)
	for _, host := range []string{"127.0.0.1", folder} { // pgx takes a folder as that of a Unix socket
		t.Run(filepath.Base(host), func(t *testing.T) {
			config, err := pgxpool.ParseConfig(fmt.Sprintf("host=%s port=%s user=tester database=postgres sslmode=disable", host, port))
			must(t, err)
			config.ConnConfig.DialFunc = new(netconn.Dialer).DialContext
			config.MaxConns = 10
			ctx := background(t)
			pool, err := pgxpool.NewWithConfig(ctx, config)
			must(t, err)
			defer pool.Close()
			await(t, "the server", func() error { return pool.Ping(ctx) })

			must(t, each(20, func(i int) error { // more than there are connections
				for j := range 20 {
					var sum int
					if err := pool.QueryRow(ctx, "select $1::int + $2::int", i, j).Scan(&sum); err != nil || sum != i+j {
						return fmt.Errorf("%d + %d is %d, %w", i, j, sum, err)
					}
				}
				return nil
			}))
			table := "rows_" + strconv.FormatInt(time.Now().UnixNano(), 36)
			_, err = pool.Exec(ctx, "create table "+table+" (n int, text text)")
			must(t, err)
			const rows = 100_000
			n, err := pool.CopyFrom(ctx, pgx.Identifier{table}, []string{"n", "text"},
				pgx.CopyFromSlice(rows, func(i int) ([]any, error) { return []any{i, strings.Repeat("x", i%100)}, nil }))
			if err != nil || n != rows {
				t.Fatalf("copied %d, %v", n, err)
			}
			found, err := pool.Query(ctx, "select n, text from "+table+" order by n")
			must(t, err)
			i := 0
			for ; found.Next(); i++ {
				var n int
				var text string
				must(t, found.Scan(&n, &text))
				if n != i || len(text) != i%100 {
					t.Fatalf("row %d is %d with %d bytes", i, n, len(text))
				}
			}
			if must(t, found.Err()); i != rows {
				t.Errorf("%d rows", i)
			}

			// A deadline: pgx sets that of the connection into the past, in the middle of a read.
			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			deadline, _ := short.Deadline()
			if _, err := pool.Exec(short, "select pg_sleep(60)"); err == nil || time.Now().Before(deadline) {
				t.Errorf("a query beyond its deadline: %v", err)
			}
			must(t, pool.Ping(ctx))

			// A notice, for which a connection waits while nothing comes.
			c, err := pool.Acquire(ctx)
			must(t, err)
			defer c.Release()
			_, err = c.Exec(ctx, "listen news")
			must(t, err)
			_, err = pool.Exec(ctx, "notify news, 'hello'")
			must(t, err)
			if notice, err := c.Conn().WaitForNotification(ctx); err != nil || notice.Payload != "hello" {
				t.Errorf("%v, %v", notice, err)
			}
		})
	}
}
