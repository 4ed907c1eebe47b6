# SPDX-License-Identifier: MIT
"""Certificates for tests, made by openssl: an authority, and what it signs."""
import os
import subprocess

LOCAL = 'IP:127.0.0.1,DNS:redis.test'
KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']


def openssl(*words):
    subprocess.run(['openssl', *words], check=True, capture_output=True)


class Authority:
    def __init__(self, folder, name='ca'):
        self.stem = os.path.join(folder, name)
        self.ca, self.key = self.stem + '.pem', self.stem + '.key'
        openssl('req', '-x509', *KEY, '-keyout', self.key, '-out', self.ca, '-subj', '/CN=' + name)

    def sign(self, name, days=2, names=LOCAL):
        """Files of a certificate and its key; -1 days: it has expired."""
        stem = f'{self.stem}-{name}'
        openssl('req', '-new', *KEY, '-keyout', stem + '.key', '-out', stem + '.csr', '-subj', '/CN=' + name, '-addext',
                'subjectAltName=' + names)
        openssl('x509', '-req', '-in', stem + '.csr', '-CA', self.ca, '-CAkey', self.key, '-days', str(days),
                '-copy_extensions', 'copyall', '-out', stem + '.pem')
        return stem + '.pem', stem + '.key'

    def redis(self, port, pair, clients='no'):
        """What makes a redis-server speak TLS at a port; clients: 'yes' when they must show a certificate."""
        return ['--tls-port', str(port), '--tls-cert-file', pair[0], '--tls-key-file', pair[1], '--tls-ca-cert-file', self.ca,
                '--tls-auth-clients', clients]
