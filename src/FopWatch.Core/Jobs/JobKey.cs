namespace FopWatch.Jobs;

/// <summary>Identifies a job: the source and the provider's <c>persistentId</c>.</summary>
/// <param name="Source">The name of a configured source.</param>
/// <param name="Id">The <c>persistentId</c>: opaque and case-sensitive.</param>
public readonly record struct JobKey(string Source, string Id)
{
    /// <summary>The longest id, in characters (providers.md, section 1).</summary>
    public const int MaxIdLength = 128;

    /// <summary>The rule for ids, for error messages.</summary>
    public const string IdRule = "1 to 128 of A-Z a-z 0-9 . _ -";

    /// <summary>Whether a text can be a <c>persistentId</c>.</summary>
    public static bool IsValidId([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? id)
    {
        if (id is not { Length: > 0 and <= MaxIdLength })
            return false;

        foreach (var c in id)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
                return false;
        }

        // Proxies and clients remove these path segments.
        return id is not ("." or "..");
    }

    /// <summary><c>source:id</c>.</summary>
    public override string ToString() => $"{Source}:{Id}";
}
