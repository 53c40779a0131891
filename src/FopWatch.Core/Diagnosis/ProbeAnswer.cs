using System.Security.Cryptography;
using System.Text;
using FopWatch.Providers;

namespace FopWatch.Diagnosis;

/// <summary>What changed in a probe on its way.</summary>
[Flags]
internal enum ProbeChanges
{
    None = 0,
    Path = 1,
    Body = 2,
    ContentType = 4,
    NoAuthorization = 8,
}

/// <summary>How a probe arrived. The receiving host signs this answer with an HMAC, because any server may answer in its place.</summary>
internal sealed record ProbeAnswer(Trust Trust, ProbeChanges Changes)
{
    private const string Name = "fopwatch-doctor";

    public string Write(string token, byte[] key)
    {
        var told = $"{Name} {Trust} {(int)Changes}";
        return $"{told} {HashOf(told, token, key)}";
    }

    public static ProbeAnswer? Read(string answer, string token, byte[] key)
    {
        var words = answer.Trim().Split(' ');
        return words is [Name, var trust, var changes, var hash]
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(hash), Encoding.UTF8.GetBytes(HashOf($"{Name} {trust} {changes}", token, key)))
            && Enum.TryParse<Trust>(trust, out var read)
            && Enum.TryParse<ProbeChanges>(changes, out var all)
                ? new(read, all)
                : null;
    }

    private static string HashOf(string told, string token, byte[] key) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"answer\n{token}\n{told}")));
}
