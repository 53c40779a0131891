using System.Security.Cryptography;
using System.Text;

namespace FopWatch.Providers;

/// <summary>The valid tokens of a notify URL. Only their hashes are in memory. Equal to others of the same tokens.</summary>
public sealed class NotifyTokens : IEquatable<NotifyTokens>
{
    private readonly byte[][] _hashes;

    /// <param name="tokens">At least one, each 8 to 64 of <c>A-Z a-z 0-9 _ -</c>.</param>
    public NotifyTokens(IEnumerable<string> tokens)
    {
        var all = tokens.Distinct(StringComparer.Ordinal).ToList();
        _hashes = [.. all.Select(Hash)];
        Shortest = all.Min(token => token.Length);
    }

    /// <summary>The length of the shortest token, in characters.</summary>
    public int Shortest { get; }

    /// <summary>Tokens that nothing matches. A token for an unknown source is compared with them, so that it takes the same time.</summary>
    public static NotifyTokens Unmatchable { get; } = new([Convert.ToHexString(RandomNumberGenerator.GetBytes(32))]);

    /// <summary>
    /// Whether a token is valid. All hashes are compared in fixed time, which reveals neither how much of a guess is right nor how many tokens
    /// there are.
    /// </summary>
    public bool Match(string? token)
    {
        var hash = Hash(token ?? "");
        var match = false;
        foreach (var known in _hashes)
            match |= CryptographicOperations.FixedTimeEquals(hash, known);
        return match & token is not null;
    }

    /// <summary>Whether both have a token in common. Both are the operator's own, so the comparison need not take fixed time.</summary>
    public bool Share(NotifyTokens other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return _hashes.Any(hash => other._hashes.Any(hash.SequenceEqual));
    }

    /// <inheritdoc/>
    public bool Equals(NotifyTokens? other) =>
        other is not null && _hashes.Length == other._hashes.Length && _hashes.All(hash => other._hashes.Any(hash.SequenceEqual));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NotifyTokens);

    /// <inheritdoc/>
    public override int GetHashCode() => _hashes.Length;

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
