using System.Buffers;
using FopWatch.Intake;

namespace FopWatch.Api;

/// <summary>
/// A body in memory, whole or as much as has arrived of it. What exceeds the ordinary size arrives in pooled pieces, so that bodies that never arrive
/// whole cost no garbage.
/// </summary>
internal sealed class ReceivedBody(SharedBytes.Share ordinary, SharedBytes.Share large) : IDisposable
{
    private const int AtOnce = 4096;

    private readonly List<byte[]> _pieces = [];
    private byte[] _bytes = [];

    /// <summary>The body, once it is whole.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, Length);

    /// <summary>How much has arrived, in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>Cancelled when the body has lost its memory to others.</summary>
    public IEnumerable<CancellationToken> Lost => [ordinary.Lost, large.Lost];

    /// <summary>Where the next bytes go: at least one, so that more than is expected shows.</summary>
    /// <param name="expected">The most bytes that are expected of the body.</param>
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

    /// <summary>So many bytes have arrived.</summary>
    public void Received(int bytes)
    {
        Length += bytes;
        ordinary.Progressed();
        large.Progressed();
    }

    /// <summary>All of a body of at most the ordinary size has arrived at once.</summary>
    /// <exception cref="IntakeFullException">There is no room.</exception>
    public void ReceivedWhole(ReadOnlySequence<byte> whole)
    {
        Take(ordinary, (int)whole.Length);
        _bytes = whole.ToArray();
        Received(_bytes.Length);
        Complete();
    }

    /// <summary>The body is whole.</summary>
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
            throw new IntakeFullException("A request was turned away: too many bytes of bodies at once.");
    }

    private void ReturnPieces()
    {
        _pieces.ForEach(piece => ArrayPool<byte>.Shared.Return(piece));
        _pieces.Clear();
    }
}
