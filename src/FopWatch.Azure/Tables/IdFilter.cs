using System.Security.Cryptography;

namespace FopWatch.Azure.Tables;

/// <summary>
/// A set of ids as a Bloom filter of 1 MiB. With a million ids, 1 in 40 other ids is a false positive. Each filter has different false positives.
/// </summary>
internal sealed class IdFilter
{
    private const int Bits = 8 * 1024 * 1024;
    private const int Probes = 3;

    private readonly ulong _seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
    private ulong[]? _bits;

    public void Add(string id)
    {
        _bits ??= new ulong[Bits / 64];
        var hash = Hash(id);
        for (var i = 0; i < Probes; i++)
            _bits[Word(hash, i)] |= Bit(hash, i);
    }

    /// <summary>Whether an id may be in the set; true for each id in it.</summary>
    public bool MayContain(string id)
    {
        if (_bits is null)
            return false;
        var hash = Hash(id);
        for (var i = 0; i < Probes; i++)
        {
            if ((_bits[Word(hash, i)] & Bit(hash, i)) == 0)
                return false;
        }

        return true;
    }

    private static int Word(ulong hash, int probe) => (int)(Place(hash, probe) / 64);

    private static ulong Bit(ulong hash, int probe) => 1UL << (int)(Place(hash, probe) % 64);

    private static ulong Place(ulong hash, int probe) => (hash + ((ulong)probe * ((hash >> 32) | 1))) % Bits;

    private ulong Hash(string id)
    {
        var hash = RowKeys.Hash(id) ^ _seed;
        hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9UL;
        hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebUL;
        return hash ^ (hash >> 31);
    }
}
