namespace FopWatch.Providers.Signatures;

/// <summary>How much may be hashed to find out why signatures are wrong. Not safe for use from several threads.</summary>
/// <param name="bytes">How many bytes.</param>
public sealed class HashBudget(long bytes = HashBudget.DefaultBytes)
{
    /// <summary>The budget of one answer: a tenth of a second or less.</summary>
    public const long DefaultBytes = 64 * 1024 * 1024;

    // What a HMAC costs besides its body, in bytes of body.
    private const int Fixed = 1024;

    private long _left = bytes;

    /// <summary>Takes the cost of one HMAC.</summary>
    /// <param name="length">The length of the body.</param>
    /// <returns>False if too little is left.</returns>
    internal bool TryTake(int length)
    {
        var cost = length + Fixed;
        if (_left < cost)
            return false;
        _left -= cost;
        return true;
    }
}
