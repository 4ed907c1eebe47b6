# SPDX-License-Identifier: MIT
"""Planted: score_cart takes nearly all of a request's time. Truth: cpu.hot-function, score_cart."""
from flask import Flask, jsonify

app = Flask(__name__)
CART = [(article, article % 7 + 1, 100 + article * 13 % 900) for article in range(60)]


def score_cart(cart):
    score = 0
    for article, quantity, price in cart:
        for other, other_quantity, other_price in cart:
            if article != other and (price + other_price) % 7 == quantity % 7:
                score += quantity * other_quantity
    return score


@app.route('/')
def cart():
    return jsonify(score=sum(score_cart(CART) for _ in range(12)))
