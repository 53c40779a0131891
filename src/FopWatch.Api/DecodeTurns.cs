using System.Threading.RateLimiting;
using FopWatch.Providers;

namespace FopWatch.Api;

/// <summary>
/// Lets large bodies be decoded one after the other: that takes the processor for so long that short requests are not to queue behind it, and
/// decoded, a body takes many times its length in memory.
/// </summary>
public sealed class DecodeTurns : IDecodeTurns, IDisposable
{
    /// <summary>A body that is larger than this, in bytes, waits for its turn, and there are as many turns as processors.</summary>
    public const int LargeBody = 16 * 1024;

    /// <summary>The most bytes of large bodies that are decoded and not answered yet. A larger body is decoded when no other is.</summary>
    public const int DecodedBytes = 4 * 1024 * 1024;

    private readonly ConcurrencyLimiter _decoded = Limiters.Of(DecodedBytes, int.MaxValue);
    private readonly ConcurrencyLimiter _turns = Limiters.Of(Environment.ProcessorCount, int.MaxValue);

    /// <summary>Decodes a body when it is its turn.</summary>
    /// <typeparam name="T">What it is decoded to.</typeparam>
    /// <param name="length">The length of the body, in bytes.</param>
    /// <param name="decode">Decodes it.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>To be disposed of when the request has been answered.</returns>
    internal async ValueTask<Decoded<T>> DecodeAsync<T>(int length, Func<T> decode, CancellationToken cancellationToken)
    {
        var turn = await WaitAsync(length, cancellationToken);
        try
        {
            var decoded = decode();
            turn?.Decoded();
            return new(decoded, turn);
        }
        catch
        {
            turn?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IDecodeTurn?> WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        if (bytes <= LargeBody)
            return null;
        var room = await _decoded.AcquireAsync(Math.Min(bytes, DecodedBytes), cancellationToken);
        try
        {
            return new DecodeTurn(room, await _turns.AcquireAsync(1, cancellationToken));
        }
        catch
        {
            room.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _decoded.Dispose();
        _turns.Dispose();
    }

    /// <summary>What a body was decoded to, and the turn that holds its memory.</summary>
    internal sealed record Decoded<T>(T Value, IDecodeTurn? Turn) : IDisposable
    {
        public void Dispose() => Turn?.Dispose();
    }

    private sealed class DecodeTurn(RateLimitLease room, RateLimitLease processor) : IDecodeTurn
    {
        public void Decoded() => processor.Dispose();

        public void Dispose()
        {
            processor.Dispose();
            room.Dispose();
        }
    }
}
