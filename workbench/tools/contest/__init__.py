"""A contest for a class: who predicts the next bar of drums best, within the same budget?"""
