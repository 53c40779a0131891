namespace FopWatch.Providers.Signatures;

/// <summary>Limits the hashing that diagnoses wrong signatures. Not thread-safe.</summary>
/// <param name="bytes">The limit, in bytes.</param>
public sealed class HashBudget(long bytes = HashBudget.DefaultBytes)
{
    /// <summary>The budget of one answer, in bytes: at most 0.1 s.</summary>
    public const long DefaultBytes = 64 * 1024 * 1024;

    // The fixed cost of an HMAC, in bytes.
    private const int Fixed = 1024;

    private long _left = bytes;

    /// <summary>Takes the cost of one HMAC.</summary>
    /// <param name="length">The length of the body.</param>
    /// <returns>False if the budget is too small.</returns>
    internal bool TryTake(int length)
    {
        var cost = length + Fixed;
        if (_left < cost)
            return false;
        _left -= cost;
        return true;
    }
}
