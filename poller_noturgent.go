//go:build freebsd || netbsd

package pollux

// exceptional is empty: kqueue(2) does not report urgent data here, but the arrival of it on some
// versions as Readable.
var exceptional []filter
