using FopWatch.Wording;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace FopWatch.Api;

/// <summary>The language of an answer: the one of English and Chinese that <c>Accept-Language</c> prefers (RFC 9110, section 12.5.4), else English.</summary>
internal static class AnswerLanguage
{
    /// <summary>The description of the header in the OpenAPI document.</summary>
    public const string OfHeader = "`zh` for texts in Simplified Chinese. Default: English. Stored texts keep their language. The answer has `Content-Language`.";

    public static Language Of(string? acceptLanguage)
    {
        if (string.IsNullOrEmpty(acceptLanguage) || !StringWithQualityHeaderValue.TryParseList([acceptLanguage], out var accepted))
            return Language.English;

        // "*" stands for every language that no other range names. A named language wins a tie with one that is not.
        var (chinese, english, others) = (QualityOf("zh"), QualityOf("en"), QualityOf("*") ?? 0);
        return (chinese ?? others) > (english ?? others) || (chinese > 0 && chinese == others && english is null) ? Language.Chinese : Language.English;

        double? QualityOf(string language) => accepted
            .Where(one => one.Value.Equals(language, StringComparison.OrdinalIgnoreCase) || one.Value.StartsWith($"{language}-", StringComparison.OrdinalIgnoreCase))
            .Select(one => one.Quality ?? 1).Max<double, double?>(quality => quality);
    }

    public static Language Of(HttpRequest request) => Of(request.Headers.AcceptLanguage.ToString());

    /// <summary>Says the language of an answer, and that it depends on the header of the request.</summary>
    public static void Declare(HttpResponse response, Language language)
    {
        response.Headers.ContentLanguage = language == Language.Chinese ? "zh-CN" : "en";
        response.Headers.Append(HeaderNames.Vary, HeaderNames.AcceptLanguage);
    }
}
