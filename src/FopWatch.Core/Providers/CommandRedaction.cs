using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FopWatch.Providers;

/// <summary>
/// Takes secrets out of commands and out of what repeats them, which is stored, logged and published: AES keys (<c>hlsKey/…</c>), credentials
/// in URLs, Base64-encoded or not, and the tokens of notify URLs (providers.md, section 1).
/// </summary>
/// <remarks>The surrounding text keeps its encoding: a URL that was Base64-encoded still is.</remarks>
public static partial class CommandRedaction
{
    /// <summary>What stands in a secret's place.</summary>
    public const string Mask = "***";

    /// <summary>The version of these rules. What an earlier version redacted is redacted again when it is read.</summary>
    public const int Version = 4;

    /// <summary>A text without the secrets in it, every occurrence; the same text where there is none.</summary>
    /// <remarks>
    /// The text may be a command, prose that repeats commands (Wangsu <c>desc</c>), percent-encoded, or JSON: providers nest commands
    /// in all of these. JSON, and JSON behind one word as in the commands of workflow V2, is redacted by the rules of <see cref="RedactJson"/>.
    /// Doing it twice changes nothing, with one exception: if the padding of a Base64 text is directly followed by further Base64 digits, and the
    /// redacted text needs less padding, the second time reads both as one text. The time is linear in the length of the text.
    /// </remarks>
    public static string Redact(string text)
    {
        if (WithRedactedJson(text) is { } json)
            return json;

        // A value that was no JSON may have been all that was wrong with the rest.
        var redacted = RedactText(text);
        return redacted == text ? text : WithRedactedJson(redacted) ?? redacted;
    }

    /// <summary>A name or address without credentials, where it is a URL; any other is the same: what looks like a secret in a key is the key.</summary>
    public static string? RedactUrl(string? text) => text is not null && MayBeUrl(text) ? Redact(text) : text;

    /// <summary>Whether a property of this name holds a secret as its value.</summary>
    public static bool IsSecretName(string name) => MayHave(SecretWords, name) && SecretMember().IsMatch(name);

    /// <summary>
    /// A JSON document without the secrets in it, otherwise as it was, blanks included; but no object has a name twice, and half a surrogate
    /// pair is U+FFFD, as many readers refuse either.
    /// </summary>
    /// <param name="json">A document that is known to be valid JSON of at most <see cref="JsonBody.MaxDepth"/> levels.</param>
    /// <remarks>
    /// Strings are judged by what they mean, not by how they are spelt: <c>hlsKey\/</c> and <c>hlsKey\u002f</c> are the same to the
    /// next reader.
    /// </remarks>
    internal static string RedactJson(ReadOnlySpan<byte> json) => JsonText.Rewrite(json, Redact, IsSecretName);

    /// <summary>As <see cref="RedactJson"/>, of a document in which no object has a name twice: most have no secret, and are read once then.</summary>
    internal static string RedactDistinctJson(ReadOnlySpan<byte> json) =>
        json.Length <= LongestReadFirst && HasNoSecret(json) ? Encoding.UTF8.GetString(json) : RedactJson(json);

    // Reading a document first is for short ones: one that has a secret is read twice.
    private const int LongestReadFirst = 16 * 1024;

    /// <summary>Whether a document certainly stays as it is. A false answer proves nothing.</summary>
    private static bool HasNoSecret(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
                continue;
            if (reader.ValueIsEscaped || (reader.TokenType == JsonTokenType.PropertyName && MayBeSecretName(reader.ValueSpan)))
                return false;

            // A short text has a secret only behind a mark.
            if (reader.ValueSpan.Length < EncodedText.MinLength && !reader.ValueSpan.ContainsAny(MarkBytes))
                continue;
            var text = Encoding.UTF8.GetString(reader.ValueSpan);
            if (Redact(text) != text)
                return false;
        }

        return true;
    }

    private static bool MayBeSecretName(ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[64];
        return name.Length > text.Length
            || Ascii.ToUtf16(name, text, out var length) != OperationStatus.Done
            || (text[..length].ContainsAny(SecretWords) && SecretMember().IsMatch(text[..length]));
    }

    private static string RedactText(string text) => EncodedText.Redact(WithoutPlainSecrets(text), 0);

    /// <summary>A text that is JSON, or one word and JSON, without the secrets in it; null for any other.</summary>
    private static string? WithRedactedJson(string text)
    {
        if (!text.Contains('"', StringComparison.Ordinal) || text.AsSpan().TrimEnd() is not [.., '}' or ']'])
            return null;

        var start = text.AsSpan().IndexOfAny('{', '[');
        if (start < 0 || !BeforeJson().IsMatch(text.AsSpan(0, start)))
            return null;
        // Checked first: within a text that is no JSON, each such text in it would be redacted for nothing, and each in that one.
        var json = Encoding.UTF8.GetBytes(text, start, text.Length - start);
        return JsonText.IsValid(json) ? RedactText(text[..start]) + RedactJson(json) : null;
    }

    /// <summary>A text without the secrets that are not encoded in it.</summary>
    internal static string WithoutPlainSecrets(string text)
    {
        if (!text.AsSpan().ContainsAny(Marks))
            return text;

        if (text.Contains("hls", StringComparison.OrdinalIgnoreCase))
            text = WithoutKeys(text);
        if (text.AsSpan().ContainsAny(Quotes))
        {
            text = QuotedMembers.Redact(text);
            text = OtherMembers.Redact(text);
        }

        if (text.AsSpan().ContainsAny(HeaderNames))
            text = Headers.Redact(text);
        if (text.AsSpan().ContainsAny(EqualsSigns))
            text = Credentials.Redact(text);
        if (text.AsSpan().ContainsAny(AtSigns))
            text = UserInfo().Replace(text, "${lead}" + Mask + "${at}");
        return MayHave(TokenPaths, text) ? NotifyToken().Replace(text, "${lead}" + Mask) : text;
    }

    // The expressions also match letters outside ASCII that differ from ASCII letters in case only.
    private static bool MayHave(SearchValues<string> words, string text) => text.AsSpan().ContainsAny(words) || !Ascii.IsValid(text);

    private static string WithoutKeys(string text)
    {
        StringBuilder? redacted = null;
        var copied = 0;
        for (var lead = HlsKey().Match(text); lead.Success;)
        {
            var start = lead.Index + lead.Length;
            var end = ValueBehind(text, lead).EndOfKey(start);
            if (end > start)
            {
                (redacted ??= new(text.Length)).Append(text, copied, start - copied).Append(Mask);
                copied = end;
            }

            lead = HlsKey().Match(text, end);
        }

        return redacted?.Append(text, copied, text.Length - copied).ToString() ?? text;
    }

    private static SecretValue ValueBehind(string text, Match lead) => new(text, lead.Groups["level"] is { Success: true } level ? level.Value : null);

    /// <summary>Whether a text is a URL or has one in it, encoded or not.</summary>
    internal static bool MayBeUrl(string text) => text.AsSpan().ContainsAny(UrlMarks) && Url().IsMatch(text);

    private static readonly NamedSecrets QuotedMembers = new(QuotedMember(), "\"'", "${lead}" + Mask);

    private static readonly NamedSecrets OtherMembers = new(OtherMember(), "\"'", "${lead}${quote}" + Mask + "${quote}");

    private static readonly NamedSecrets Headers = new(Header(), ":", "${lead}" + Mask);

    private static readonly NamedSecrets Credentials = new(Credential(), "=[]", "${lead}" + Mask, (text, lead) => ValueBehind(text, lead).EndOfCredential(lead.Index + lead.Length));

    // Without one of these there is neither an option with a value, nor a URL, nor a query.
    private static readonly SearchValues<char> Marks = SearchValues.Create("=/:%\\");

    private static readonly SearchValues<byte> MarkBytes = SearchValues.Create("=/:%\\"u8);

    // Without one of these nothing is quoted.
    private static readonly SearchValues<string> Quotes =
        SearchValues.Create(["\"", "'", "u0022", "u0027", "%22", "%27", "2522", "2527"], StringComparison.Ordinal);

    // Without one of these no parameter of a query has a value, and no URL has a user.
    private static readonly SearchValues<string> EqualsSigns = SearchValues.Create(["=", "3d"], StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> AtSigns = SearchValues.Create(["@", "40"], StringComparison.Ordinal);

    // Without one of these there is no header with a secret.
    private static readonly SearchValues<string> HeaderNames =
        SearchValues.Create(["authorization", "token", "secret", "passw", "key"], StringComparison.OrdinalIgnoreCase);

    // Without one of these there is no URL.
    private static readonly SearchValues<string> UrlMarks = SearchValues.Create(["//", "%", "aHR0", "YUhSM"], StringComparison.Ordinal);

    // Without one of these a name is no secret's.
    private static readonly SearchValues<string> SecretWords = SearchValues.Create(
        ["token", "secret", "signature", "password", "key", "passwd", "pwd", "credential", "authorization", "hmac", "jwt", "auth_info"], StringComparison.OrdinalIgnoreCase);

    // Without one of these there is neither a notify URL nor a signed command.
    private static readonly SearchValues<string> TokenPaths = SearchValues.Create(["api", "saveas"], StringComparison.OrdinalIgnoreCase);

    private const RegexOptions Options =
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture;

    // A slash, perhaps escaped as JSON does.
    private const string PlainSlash = @"(?: \\*/ | \\+u002f )";

    // A slash, perhaps percent-encoded, however often.
    private const string Slash = "(?: " + PlainSlash + " | %(?:25)*2f )";

    private const string KeyName = "(?: hls[_-]?key | (?: access | secret | api | auth | sign | enc | private )[_-]?key(?:[_-]?id)? )";

    // The names of members of JSON that hold secrets; README.md lists them. A key, a hash, an id of a job and the token of a page are none, nor are short
    // names and metadata of files.
    private const string MemberName =
        "(?: (?! x-[a-z0-9]+-meta- ) (?: [a-z0-9_.-]*? (?: (?<! (?: page | next | continuation ) [_.-]? ) token | secret | signature | password | " + KeyName + " )"
        + " | (?: [a-z0-9_.-]*? [_-] )?? (?: passwd | pwd | credentials? | authorization ) | hmac | jwt | auth_info ) )";

    // Of these, the ones that stand before a colon in prose for nothing but a secret.
    private const string HeaderName =
        "(?: (?! x-[a-z0-9]+-meta- ) (?: [a-z0-9_.-]*? (?: (?<! (?: page | next | continuation ) [_.-]? ) token | secret | password | " + KeyName + " )"
        + " | (?: [a-z0-9_.-]*? [_-] )?? (?: passwd | authorization ) ) )";

    // The names of parameters of queries that hold secrets.
    private const string ParameterName =
        "(?: [a-z0-9_.-]*? (?: token | secret | signature | password | " + KeyName + " )"
        + " | (?: [a-z0-9_.-]*? [_-] )?? (?: sign | passwd | credentials? )"
        + " | pwd | sig | hmac | jwt | ak | sk | hdn(?:ea|t[sl]?) | auth_info | _upt | authorization | Key-Pair-Id | GoogleAccessId"
        + " | x-(?:amz|oss|goog|cos|tos|obs|qn|qiniu|upyun)-(?! meta- )[a-z0-9-]+"
        + " | q-(?:ak|sign[a-z-]*|key-time|header-list|url-param-list) | (?:ws|tx)(?:Time|ABSTime) )";

    // Names that say too little by themselves: they count within a query only.
    private const string QueryName = "(?: e | key | auth | ticket | exp(?:ires?)? | policy | session(?:_?id)? | st )";

    // Where a name begins: behind what is no part of one, escaped or not.
    private const string NameStart =
        @"(?> (?<![a-z0-9_.-]) | (?<= \\u00(?:2[0-9a-f]|3[a-f]) ) | (?<= %(?:25)*(?:2[0-46-9a-c]|2f|3[a-f]|40|5[b-e]|60|7[b-e]) ) )";

    private const string NameChars = "(?> [a-z0-9_.-]+ )";

    private const string Quote = @"(?: \\*[""'] | \\+u002[27] )";

    // What separates the parameters of a query, HTML's &amp; and the ~ of Akamai's tokens included.
    private const string QuerySeparator = @"(?: [?&\#;~] | (?<!\\) \\+u00(?:26|3f|23|3b) | %(?:25)*(?:3f|26|23|3b|7e) ) (?= [aekpst] )";

    // hlsKey/… and hlsKey%2F….
    [GeneratedRegex("hlsKey (?: " + PlainSlash + " | %(?<level>(?:25)*)2f )", Options)]
    private static partial Regex HlsKey();

    [GeneratedRegex("^" + MemberName + @"\z", Options)]
    private static partial Regex SecretMember();

    // JSON within text, its quotes escaped or not: "token": "…", %22token%22%3A%22…. A value ends at a quote like the one that it began with.
    [GeneratedRegex(
        @"\G (?: (?<lead> " + NameStart + "(?= " + NameChars + Quote + " ) " + MemberName + Quote + @" \s*:\s* (?<quote> " + Quote + " ) )"
        + @" (?> (?: (?! (?<!\\) (?-i:\k<quote>) ) [^\n] )+ )"
        + " | (?<lead> " + NameStart + "(?= " + NameChars + " %(?:25)*2[27] ) " + MemberName
        + @" %(?<level>(?:25)*)2[27] (?: : | %(?-i:\k<level>)3a ) (?: \s | \+ | %(?-i:\k<level>)20 )* %(?-i:\k<level>)(?<mark>2[27]) )"
        + @" (?> (?: (?! (?<! %(?:25)*5c ) %(?-i:\k<level>\k<mark>) ) [^\s""'] )+ ) )",
        Options)]
    private static partial Regex QuotedMember();

    // The same with any other value: "token": 1, "token": ["…"], %22token%22%3A%7B…. An array or object ends where all of its brackets are closed that
    // are in no string, or at the end of the text.
    [GeneratedRegex(
        @"\G (?: (?<lead> " + NameStart + "(?= " + NameChars + Quote + " ) " + MemberName + "(?<quote> " + Quote + @" ) \s*:\s* )"
        + @" (?: (?<open> [[{] ) (?> (?: (?(open) (?: (?<!\\) (?-i:\k<quote>) (?> (?: (?! (?<!\\) (?-i:\k<quote>) ) [\s\S] )* ) (?: (?-i:\k<quote>) | \z )"
        + @" | (?<open> [[{] ) | (?<-open> [\]}] ) | [^[{\]}] ) | (?!) ) )* ) | [^\s""'\\,}\]{[]+ )"
        + " | (?<lead> " + NameStart + "(?= " + NameChars + " %(?:25)*2[27] ) " + MemberName
        + @" (?<quote> %(?<level>(?:25)*)2[27] ) (?: : | %(?-i:\k<level>)3a ) (?: \s | \+ | %(?-i:\k<level>)20 )* )"
        + @" (?: (?<open> [[{] | %(?-i:\k<level>)[57]b ) (?> (?: (?(open) (?: (?<! %(?:25)*5c ) (?-i:\k<quote>) (?> (?: (?! (?<! %(?:25)*5c ) (?-i:\k<quote>) ) [^\s""'] )* ) (?-i:\k<quote>)?"
        + @" | (?<open> [[{] | %(?-i:\k<level>)[57]b ) | (?<-open> [\]}] | %(?-i:\k<level>)[57]d ) | [^\s""'[{\]}] | (?<= [,:[{] ) \s ) | (?!) ) )* ) | [a-z0-9_.+*-]+ ) )",
        Options)]
    private static partial Regex OtherMember();

    // Authorization: Bearer …, x-auth-token: …, within prose and percent-encoded.
    [GeneratedRegex(
        @"\G (?<lead> " + NameStart + "(?= " + NameChars + @" (?: [ \t]* : | %(?:25)*3a ) ) " + HeaderName
        + @" (?: [ \t]* : (?: [ \t]+ | (?<= authorization \s* : ) ) | %(?:25)*3a (?: [ \t+] | %(?:25)*20 )* )"
        + @" (?: (?: Basic | Bearer | Digest | Negotiate | OSS | QBox | Qiniu | Token | UpToken | UpYun ) (?: [ \t+] | %(?:25)*20 )+ )? )"
        + @"(?> (?: [^\s""'<>|;\\)\]},`{[&%] | % (?! (?:25)*(?:0[ad]|20|22|26|27|2c|3b|3c|3e|5d|7d) ) | , (?! [\s""'<>(){}[\]\\|;&] | $ )"
        + " | [)\\]}] (?= [a-z0-9_~*!$+-] ) )+ )",
        Options)]
    private static partial Regex Header();

    // What may stand before JSON: nothing, or the type of a workflow's operation.
    [GeneratedRegex(@"^ \s* (?: [a-z0-9_./-]+ \s )? \z", Options)]
    private static partial Regex BeforeJson();

    // A query may be percent-encoded, however often: then what ends a value is, too.
    [GeneratedRegex(
        @"\G (?<lead> (?: " + NameStart + "(?= " + NameChars + @" (?: [=[\]] | \\+u003d | %(?:25)*(?:3d|5b|5d) ) ) " + ParameterName + " | " + QuerySeparator + QueryName + " )"
        + @" (?: \[ [a-z0-9_]{0,32} \] | \] | %(?:25)*5b [a-z0-9_]{0,32} %(?:25)*5d | %(?:25)*5d )? (?: = | \\+u003d | %(?<level>(?:25)*)3d ) )",
        Options)]
    private static partial Regex Credential();

    // What separates commands may stand in a password, and so may an @: the last one before the path ends it.
    private const string UserChar = @"[^/?\#\s@""<>\\]";

    private const string EncodedAt = @"%(?-i:\k<level>)40";

    private const string EncodedUserChar = @"(?: (?! %(?-i:\k<level>)(?:2f|3f|23|40) | %(?:25)*3a (?: %(?:25)*2f ){2} ) " + UserChar + " )";

    // Neither is searched beyond where the next URL begins. The scheme of a URL that a key names may have been taken for its bucket.
    [GeneratedRegex(
        @"(?<lead> (?: (?<![a-z0-9+.-]) [a-z][a-z0-9+.-]* : | ^ ) (?: \\*/ | \\+u002f ){2} )"
        + " (?> " + UserChar + "+ (?: @ (?= " + UserChar + "* @ ) " + UserChar + "* )* ) (?<at> @ )"
        + @" | (?<lead> (?<![a-z0-9+.-]) [a-z][a-z0-9+.-]* %(?<level>(?:25)*)3a (?: %(?-i:\k<level>)2f ){2} )"
        + " (?> " + EncodedUserChar + "+ (?: " + EncodedAt + " (?= " + EncodedUserChar + "* " + EncodedAt + " ) " + EncodedUserChar + "* )* ) (?<at> " + EncodedAt + " )",
        Options)]
    private static partial Regex UserInfo();

    // The notify URL of a host such as this one: its token is all that calling it takes.
    // And what signs a command: saveas/<file>/sign/<access key>:<signature>.
    [GeneratedRegex(
        "(?<lead> api " + Slash + " notify " + Slash + " [a-z0-9_-]+ " + Slash + " ) [a-z0-9_-]+"
        + " | (?<lead> saveas " + Slash + " (?> [a-z0-9+_=-]+ ) " + Slash + " sign " + Slash + " ) [a-z0-9_-]{8,64} (?: : | %(?:25)*3a ) [a-z0-9+_=-]+",
        Options)]
    private static partial Regex NotifyToken();

    // Plain, without its scheme, percent-encoded, or the Base64 text of one, encoded once or twice.
    [GeneratedRegex(":// | ^// | %(?:25)*3a %(?:25)*2f | (?-i: aHR0 | YUhSM )", Options)]
    private static partial Regex Url();
}
