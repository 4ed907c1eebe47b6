# SPDX-License-Identifier: MIT
"""A basket of many articles; FAULT=list: articles are made unique by looking through a list, so
that time grows with the square. Truth: cpu.hot-function, unique_articles."""
import os

from flask import Flask, jsonify

app = Flask(__name__)
QUADRATIC = os.environ.get('FAULT') == 'list'
SCANNED = [(n * 7919) % 1400 for n in range(2800)]


def unique_articles(scanned):
    if not QUADRATIC:
        return list(dict.fromkeys(scanned))
    unique = []
    for article in scanned:
        if article not in unique:
            unique.append(article)
    return unique


def total(articles):
    return sum(article % 90 + 10 for article in articles)


@app.route('/')
def basket():
    articles = unique_articles(SCANNED)
    return jsonify(articles=len(articles), total=total(articles))
