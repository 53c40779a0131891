using System.Buffers;
using FopWatch.Intake;

namespace FopWatch.Api;

/// <summary>
/// A body in memory, complete or partial. Bytes beyond the ordinary size are stored in pooled pieces, so that bodies that never complete leave no
/// garbage.
/// </summary>
internal sealed class ReceivedBody(SharedBytes.Share ordinary, SharedBytes.Share large) : IDisposable
{
    private const int AtOnce = 4096;

    private readonly List<byte[]> _pieces = [];
    private byte[] _bytes = [];

    /// <summary>The body, once it is complete.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, Length);

    /// <summary>The number of bytes received.</summary>
    public int Length { get; private set; }

    /// <summary>Cancelled when the body loses its memory to others.</summary>
    public IEnumerable<CancellationToken> Lost => [ordinary.Lost, large.Lost];

    /// <summary>The buffer for the next bytes. It has at least one byte, so that an excess is noticed.</summary>
    /// <param name="expected">The maximum of bytes expected of the body.</param>
    /// <exception cref="IntakeFullException">There is no room.</exception>
    public Memory<byte> Next(int expected)
    {
        if (Length == expected)
            return new byte[1];
        if (Length < _bytes.Length)
            return _bytes.AsMemory(Length);
        if (_bytes.Length < BodyMemory.OrdinaryBody)
        {
            var larger = Math.Min(Math.Max(2 * Length, AtOnce), Math.Min(expected, BodyMemory.OrdinaryBody));
            Take(ordinary, larger - _bytes.Length);
            Array.Resize(ref _bytes, larger);
            return _bytes.AsMemory(Length);
        }

        var inPieces = Length - _bytes.Length;
        if (inPieces == _pieces.Count * BodyMemory.OrdinaryBody)
        {
            Take(large, BodyMemory.OrdinaryBody);
            _pieces.Add(ArrayPool<byte>.Shared.Rent(BodyMemory.OrdinaryBody));
        }

        return _pieces[^1].AsMemory()[(inPieces % BodyMemory.OrdinaryBody)..BodyMemory.OrdinaryBody];
    }

    public void Received(int bytes)
    {
        Length += bytes;
        ordinary.Progressed();
        large.Progressed();
    }

    /// <summary>Takes a complete body of at most the ordinary size.</summary>
    /// <exception cref="IntakeFullException">There is no room.</exception>
    public void ReceivedWhole(ReadOnlySequence<byte> whole)
    {
        Take(ordinary, (int)whole.Length);
        _bytes = whole.ToArray();
        Received(_bytes.Length);
        Complete();
    }

    public void Complete()
    {
        ordinary.HasArrived = large.HasArrived = true;
        if (_pieces.Count == 0)
            return;
        var whole = new byte[Length];
        _bytes.CopyTo(whole, 0);
        var length = _bytes.Length;
        foreach (var piece in _pieces)
        {
            var count = Math.Min(Length - length, BodyMemory.OrdinaryBody);
            piece.AsSpan(0, count).CopyTo(whole.AsSpan(length));
            length += count;
        }

        _bytes = whole;
        ReturnPieces();
    }

    public void Dispose()
    {
        ReturnPieces();
        ordinary.Dispose();
        large.Dispose();
    }

    private static void Take(SharedBytes.Share share, int bytes)
    {
        if (!share.TryTake(bytes))
            throw new IntakeFullException("A request was turned away: bodies take too much memory.");
    }

    private void ReturnPieces()
    {
        _pieces.ForEach(piece => ArrayPool<byte>.Shared.Return(piece));
        _pieces.Clear();
    }
}
