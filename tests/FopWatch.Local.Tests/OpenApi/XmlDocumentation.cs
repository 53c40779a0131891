using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FopWatch.Local.Tests.OpenApi;

/// <summary>Summaries from the XML documentation of assemblies, as Markdown.</summary>
internal sealed partial class XmlDocumentation
{
    private readonly Dictionary<string, XElement> _members;

    /// <param name="assemblies">The assemblies, with their documentation files next to them.</param>
    public XmlDocumentation(params IEnumerable<Assembly> assemblies) => _members = assemblies
        .SelectMany(assembly => XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml"), LoadOptions.PreserveWhitespace).Descendants("member"))
        .DistinctBy(member => member.Attribute("name")!.Value)
        .ToDictionary(member => member.Attribute("name")!.Value);

    /// <summary>The summary of a type.</summary>
    public string? Of(Type type) => Text(_members.GetValueOrDefault($"T:{type.FullName}")?.Element("summary"));

    /// <summary>The summary of an enum member.</summary>
    public string? Of(Type type, string value) => Text(_members.GetValueOrDefault($"F:{type.FullName}.{value}")?.Element("summary"));

    /// <summary>The summary of a property. A positional record documents it as a parameter.</summary>
    public string? Of(PropertyInfo property) =>
        Text(_members.GetValueOrDefault($"P:{property.DeclaringType!.FullName}.{property.Name}")?.Element("summary")
            ?? _members.GetValueOrDefault($"T:{property.DeclaringType.FullName}")?.Elements("param").FirstOrDefault(one => one.Attribute("name")!.Value == property.Name));

    private static string? Text(XElement? element) => element is null ? null : Spaces().Replace(string.Concat(element.Nodes().Select(Text)), " ").Trim();

    private static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement element when element.Attribute("cref") is { } name => $"`{JsonNamingPolicy.CamelCase.ConvertName(name.Value.Split('.', ':')[^1])}`",
        XElement element => element.Value,
        _ => "",
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
