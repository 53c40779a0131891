using FopWatch.Wording;

namespace FopWatch.Webhooks;

/// <summary>Why an attempt failed, which is stored in English.</summary>
internal static class WebhookFailure
{
    /// <summary>The words of a stored error in any language; null if there is none.</summary>
    // A stored text as short as "answered 500" is not recognised by itself.
    public static Sentence? InWords(int? status, string? error) =>
        status is not null && error == $"answered {status}" ? (Sentence)$"answered {status}" : Sentence.VerbatimOrNull(error);
}
