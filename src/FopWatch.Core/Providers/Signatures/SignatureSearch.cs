namespace FopWatch.Providers.Signatures;

/// <summary>Searches for the variant of a request for which a wrong signature is right.</summary>
internal sealed class SignatureSearch(SignedRequest request, Source source, HashBudget budget)
{
    private const int MaxVariants = 384;
    private const int MaxOtherKeys = 16;

    /// <summary>The variant that was verified.</summary>
    public required SignedVariant Checked { get; init; }

    /// <summary>The variants to try, nearest first.</summary>
    public required IEnumerable<SignedVariant> Variants { get; init; }

    /// <summary>Signs a variant of the request.</summary>
    public required Func<SignedVariant, byte[], byte[]> Digest { get; init; }

    /// <summary>The form of the digest that the provider encodes in URL-safe Base64.</summary>
    public required DigestForm DigestForm { get; init; }

    /// <summary>
    /// All variants that differ in one dimension, then all that differ in two. The first entry of a dimension is the verified value.
    /// </summary>
    public static IEnumerable<SignedVariant> Nearest(SignedVariant from, params IEnumerable<Func<SignedVariant, SignedVariant>>[] dimensions)
    {
        yield return from;
        Func<SignedVariant, SignedVariant>[][] changes = [.. dimensions.Select(dimension => dimension.Skip(1).ToArray())];
        foreach (var change in changes.SelectMany(dimension => dimension))
            yield return change(from);

        for (var i = 0; i < changes.Length; i++)
        {
            for (var j = i + 1; j < changes.Length; j++)
            {
                foreach (var first in changes[i])
                {
                    foreach (var second in changes[j])
                        yield return second(first(from));
                }
            }
        }
    }

    /// <summary>Runs the search.</summary>
    /// <param name="accessKey">The access key; null if the credentials are malformed.</param>
    /// <param name="signature">The signature, likewise.</param>
    public SignatureDiagnosis Run(string? accessKey, string? signature)
    {
        var words = new SignatureWords(request, source, Checked, accessKey);
        if (accessKey is null || signature is null)
            return words.Malformed($"The Authorization header has no access key or no signature.");
        if (source.Keys.Secret(accessKey) is not { } secret)
            return words.UnknownAccessKey();
        if (GivenSignature.Read(signature) is not { } given)
            return words.Malformed($"The signature is not an HMAC-SHA1 in Base64.");

        foreach (var variant in Variants.Take(MaxVariants))
        {
            if (!budget.TryTake(request.Body.Length))
                return words.Inconclusive();
            if (given.Matches(Digest(variant, secret)))
                return words.RightFor(variant, given.IsAs(DigestForm) ? null : given.Describe());
        }

        foreach (var (other, otherSecret) in source.Keys.Pairs.Where(pair => pair.Key != accessKey).Take(MaxOtherKeys))
        {
            if (!budget.TryTake(request.Body.Length))
                return words.Inconclusive();
            if (given.Matches(Digest(Checked, otherSecret)))
                return words.OtherSecretKey(other);
        }

        return words.Unexplained();
    }
}
