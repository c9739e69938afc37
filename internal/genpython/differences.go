package main

// differences is the section of docs/python.md about what behaves otherwise than in Python.
const differences = `
## What differs

| Python | pollux |
| --- | --- |
| A call on a socket with a timeout polls first, and makes its system call when the socket is ready. | Every call tries first, and waits only if it has to. So a call that can never succeed fails at once and not after the timeout: ` + "`Accept`" + ` on UDP, a receive on a listener. A ` + "`Recvmsg`" + ` of 0 bytes and a receive with MSG_OOB return the system's answer at once too. A call with MSG_DONTWAIT never waits. |
| ` + "`close`" + ` with a file of ` + "`makefile`" + ` open leaves the socket open until the file is closed. | ` + "`Close`" + ` ends the socket for its users: operations that wait, and later calls, get net.ErrClosed. Only the Files go on, and the last one closes the descriptor. |
| A file reads no more after a timeout ("cannot read from timed out object"). | A ` + "`File`" + ` goes on where it stopped. |
| ` + "`setblocking`" + ` makes a system call, and fails for a closed socket. | ` + "`SetBlocking`" + ` changes the mode of the Socket and makes none: the descriptor is always non-blocking. ` + "`Detach`" + ` makes it what the mode says. |
| A family that the module does not know has no addresses: bind and connect raise OSError. | ` + "`families.Raw`" + ` has the address of any family, and socket calls take and return it. |
| AF_PACKET: ` + "`(\"\", 0)`" + ` asks for an interface with an empty name, and fails. | ` + "`Packet(\"\", 0)`" + ` is all interfaces. |
| None as a host or a port. | ` + "`\"\"`" + `. |
| None as a timeout. | ` + "`Forever`" + `; in a configuration ` + "`Within(Forever)`" + `. |
| With a timeout, a connect after one that timed out reports EALREADY, and one after a refusal ECONNABORTED. | A second ` + "`Connect`" + ` with a timeout waits for the end of the first one. A refused connection can be tried again in every mode. |
| ` + "`setsockopt(level, name, None, -1)`" + ` passes 2³²-1 to the system. | ` + "`SetsockoptNil(level, name, -1)`" + ` is an *ArgError. |
| The codec "idna" prepares a name by the tables of RFC 3454 (nameprep). | A name is converted to lower case, without those tables. A name that is not in Unicode's normal form KC stays as it is, and is not found. |
| ` + "`create_server`" + `, ` + "`create_connection`" + ` leave TCP_NODELAY and SO_KEEPALIVE off. | ` + "`CreateServer`" + ` and ` + "`CreateConnection`" + ` set both, as package net does. ` + "`NoDelay`" + ` and ` + "`KeepAlive`" + ` of their configurations say otherwise. ` + "`New`" + ` leaves them off. |
| ` + "`create_server`" + ` makes stream sockets only. | ` + "`CreateServer`" + ` makes a socket of any type, see ` + "`ServerConfig.Type`" + `. |
| ` + "`accept`" + ` raises EMFILE when descriptors run out. | ` + "`Accept`" + ` backs off and goes on, unless the socket is non-blocking without a handler. |
| An address of AF_PACKET or AF_CAN that the system reports has the name of the interface. | It has the index; ` + "`InterfaceOf`" + ` asks for the name. |
| ` + "`sendfile`" + ` of a pipe or a device sends nothing. | ` + "`Sendfile`" + ` reads it and sends that. |
| ` + "`recv_fds`" + ` returns descriptors that a new program inherits. | ` + "`RecvFds`" + ` returns descriptors that are close-on-exec. |
`
