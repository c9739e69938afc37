package socktest

import (
	"io"

	"github.com/polluxio/pollux/sock"
)

func (o inTask) Sendfile(file io.Reader, offset, count int64) (n int64, err error) {
	o.do(func(s *sock.Socket) { n, err = s.Sendfile(file, offset, count) })
	return n, err
}

func (o byFuture) Sendfile(file io.Reader, offset, count int64) (int64, error) {
	return wait(o, o.s.Async().Sendfile(file, offset, count))
}
