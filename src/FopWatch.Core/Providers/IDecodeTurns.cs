namespace FopWatch.Providers;

/// <summary>Bounds the memory of large bodies between decoding and recording, when they take many times their length.</summary>
public interface IDecodeTurns
{
    /// <summary>Waits until a body may be decoded.</summary>
    /// <param name="source">The name of the source.</param>
    /// <param name="bytes">The length of the body, in bytes.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The turn; null for a body that is small enough to need none.</returns>
    ValueTask<IDecodeTurn?> WaitAsync(string source, int bytes, CancellationToken cancellationToken);
}

/// <summary>The turn of a body. Dispose of it when the decoded data is released.</summary>
public interface IDecodeTurn : IDisposable
{
    /// <summary>Decoding has ended, so the next body may use the processor.</summary>
    void Decoded();
}
