using System.Security.Cryptography;
using System.Text;

namespace FopWatch.Providers;

/// <summary>The tokens that make a notify URL right. Only their hashes are kept.</summary>
public sealed class NotifyTokens
{
    private readonly byte[][] _hashes;

    /// <param name="tokens">At least one, each 8 to 64 of <c>A-Z a-z 0-9 _ -</c>.</param>
    public NotifyTokens(IEnumerable<string> tokens)
    {
        var all = tokens.ToList();
        _hashes = [.. all.Select(Hash)];
        Shortest = all.Min(token => token.Length);
    }

    /// <summary>The length of the shortest token.</summary>
    public int Shortest { get; }

    /// <summary>Tokens that nothing matches: what the tokens of an unknown source are compared with, so that it takes as long.</summary>
    public static NotifyTokens Unmatchable { get; } = new([Convert.ToHexString(RandomNumberGenerator.GetBytes(32))]);

    /// <summary>
    /// Whether a token is one of these. Comparing hashes in fixed time, all of them always, tells a stranger neither how much of
    /// a guess was right nor how many tokens there are to guess.
    /// </summary>
    public bool Match(string? token)
    {
        var hash = Hash(token ?? "");
        var match = false;
        foreach (var known in _hashes)
            match |= CryptographicOperations.FixedTimeEquals(hash, known);
        return match & token is not null;
    }

    /// <summary>Whether a token is among both. Both are the operator's own, so the time that it takes tells nobody anything.</summary>
    public bool Share(NotifyTokens other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return _hashes.Any(hash => other._hashes.Any(hash.SequenceEqual));
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
