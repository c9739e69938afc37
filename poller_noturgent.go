//go:build freebsd || netbsd

package pollux

// exceptional is empty: kqueue(2) does not report urgent data here. On some versions its arrival
// counts as Readable.
var exceptional []filter
