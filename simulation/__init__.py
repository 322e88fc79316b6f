"""What do the engines achieve in a clinic that is played through, against simpler rules?"""
