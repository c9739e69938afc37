// Package protocol is servers and clients whose connections call back: a [Protocol] gets what arrives, a [Transport] sends.
package protocol
